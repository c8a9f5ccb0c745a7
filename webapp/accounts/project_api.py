"""What API views of a project share: the member, by the same rules as the pages."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from webapp.accounts.access import Member, member_of


class ProjectViewSet(GenericViewSet):
    """Views below `/api/projects/<project_id>/`. `roles` maps an action to the roles that may
    do it; an action that is not named is open to every member."""

    roles: ClassVar[dict[str, tuple[str, ...]]] = {}
    member: Member

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.member = member_of(request.user, kwargs["project_id"], *self.allowed_roles())

    def allowed_roles(self) -> tuple[str, ...]:
        """Who may do what is asked for; everybody in the project if it is empty."""
        return self.roles.get(self.action or "", ())
