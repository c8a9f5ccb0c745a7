"""What API views of a project share: the member, by the same rules as the pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from webapp.accounts.access import Member, member_of


class ProjectViewSet(GenericViewSet):
    """Views below `/api/projects/<project_id>/`. A feature names its model with `queryset` (none
    of its rows: nothing is shown by mistake) and overrides `rows` where the serializer reads more
    than one table or not everybody sees all. `roles` maps an action to the roles that may do it;
    an action that is not named is open to every member."""

    roles: ClassVar[dict[str, tuple[str, ...]]] = {}
    member: Member

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.member = member_of(request.user, kwargs["project_id"], *self.allowed_roles())

    def allowed_roles(self) -> tuple[str, ...]:
        """Who may do what is asked for; everybody in the project if it is empty."""
        return self.roles.get(self.action or "", ())

    def rows(self) -> QuerySet[Any]:
        """The rows of the project that the member may see."""
        return self.queryset.model._default_manager.filter(project=self.member.project)

    def get_queryset(self) -> QuerySet[Any]:
        """`rows`, but none while the OpenAPI document is written: nobody asks then."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return self.rows()

    def list(self, request: Request, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
