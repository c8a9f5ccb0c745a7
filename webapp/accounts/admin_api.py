"""What API views of the instance's administration share."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from webapp.accounts.models import Scope


class AdminViewSet(GenericViewSet):
    """For administrators of the instance only."""

    scope_to_read: ClassVar[Scope] = Scope.ADMINISTER
    scope_to_change: ClassVar[Scope] = Scope.ADMINISTER

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.user.is_admin:
            raise PermissionDenied("Only administrators of this instance may do this.")
