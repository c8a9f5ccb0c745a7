"""The API of projects, their members and their invitations."""

from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from webapp.accounts import queries
from webapp.accounts.forms import ZONES
from webapp.accounts.models import Invitation, Project, Role, Scope, User
from webapp.accounts.project_api import ProjectViewSet
from webapp.accounts.services import deletion, invitations, members, projects

LEAD = (Role.LEAD,)
ROLES = [(role.value, str(role.label)) for role in Role]


class ProjectSerializer(serializers.ModelSerializer[Project]):
    time_zone = serializers.CharField(
        default="UTC", help_text="A name of the IANA time zone database."
    )

    class Meta:
        model = Project
        fields = (
            "id", "name", "description", "time_zone", "needs_approval", "created_at", "archived_at"
        )  # fmt: skip
        read_only_fields = ("id", "created_at", "archived_at")

    def validate_time_zone(self, value: str) -> str:
        if value not in ZONES:
            raise serializers.ValidationError("There is no such time zone.")
        return value


class NewProjectSerializer(ProjectSerializer):
    class Meta(ProjectSerializer.Meta):
        fields = ("name", "description", "time_zone")


class DeletionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The project's name, as a confirmation.")


class ProjectListViewSet(GenericViewSet):
    """The projects that one is in."""

    scope_to_change = Scope.ADMINISTER
    queryset = Project.objects.none()
    serializer_class = ProjectSerializer

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(queries.projects_of(request.user))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewProjectSerializer, responses={201: ProjectSerializer})
    def create(self, request: Request) -> Response:
        if not queries.may_create_project(request.user):
            raise PermissionDenied("Only administrators and project leads can create a project.")
        given = NewProjectSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = projects.create_project(actor=request.user, **given.validated_data)
        return Response(self.get_serializer(made).data, status=201)


class ProjectDetailViewSet(ProjectViewSet):
    scope_to_change = Scope.ADMINISTER
    queryset = Project.objects.none()
    serializer_class = ProjectSerializer
    roles: ClassVar[dict[str, tuple[str, ...]]] = {
        "partial_update": LEAD, "destroy": LEAD, "archive": LEAD, "reopen": LEAD
    }  # fmt: skip

    def retrieve(self, request: Request, project_id: UUID) -> Response:
        return Response(self.get_serializer(self.member.project).data)

    def partial_update(self, request: Request, project_id: UUID) -> Response:
        project = self.member.project
        given = self.get_serializer(project, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        names = ("name", "description", "time_zone", "needs_approval")
        kept = {name: getattr(project, name) for name in names}
        changed = projects.change_project(
            actor=self.member.user, project=project, **{**kept, **given.validated_data}
        )
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=DeletionSerializer, responses={204: None})
    def destroy(self, request: Request, project_id: UUID) -> Response:
        given = DeletionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        deletion.delete_project(
            actor=self.member.user,
            project=self.member.project,
            typed_name=given.validated_data["name"],
        )
        return Response(status=204)

    @extend_schema(request=None, responses=ProjectSerializer)
    def archive(self, request: Request, project_id: UUID) -> Response:
        projects.archive_project(actor=self.member.user, project=self.member.project)
        return self._again()

    @extend_schema(request=None, responses=ProjectSerializer)
    def reopen(self, request: Request, project_id: UUID) -> Response:
        projects.reopen_project(actor=self.member.user, project=self.member.project)
        return self._again()

    def _again(self) -> Response:
        self.member.project.refresh_from_db()
        return Response(self.get_serializer(self.member.project).data)


class RolesSerializer(serializers.Serializer[Any]):
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=ROLES), allow_empty=False, max_length=len(ROLES)
    )


class ProjectMemberSerializer(serializers.ModelSerializer[User]):
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "name", "email", "is_active", "roles")

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=ROLES)))
    def get_roles(self, user: User) -> list[str]:
        return sorted(row.role for row in user.roles_here)  # type: ignore[attr-defined]


class MemberViewSet(ProjectViewSet):
    scope_to_change = Scope.ADMINISTER
    queryset = User.objects.none()
    serializer_class = ProjectMemberSerializer
    roles: ClassVar[dict[str, tuple[str, ...]]] = {
        "list": LEAD, "retrieve": LEAD, "update": LEAD, "destroy": LEAD
    }  # fmt: skip

    def rows(self) -> QuerySet[User]:
        return queries.member_users(self.member.project)

    def retrieve(self, request: Request, project_id: UUID, user_id: UUID) -> Response:
        return Response(self.get_serializer(self._user(user_id)).data)

    @extend_schema(request=RolesSerializer, responses=ProjectMemberSerializer)
    def update(self, request: Request, project_id: UUID, user_id: UUID) -> Response:
        user = self._user(user_id)
        given = RolesSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        members.change_roles(
            actor=self.member.user,
            project=self.member.project,
            user=user,
            roles=given.validated_data["roles"],
        )
        return Response(self.get_serializer(self._user(user_id)).data)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, project_id: UUID, user_id: UUID) -> Response:
        members.remove_member(
            actor=self.member.user, project=self.member.project, user=self._user(user_id)
        )
        return Response(status=204)

    def _user(self, user_id: UUID) -> User:
        found = self.rows().filter(pk=user_id).first()
        if found is None:
            raise Http404
        return found


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    roles = serializers.ListField(child=serializers.ChoiceField(choices=ROLES))

    class Meta:
        model = Invitation
        fields = ("id", "email", "roles", "is_admin", "created_at", "expires_at")


class NewInvitationSerializer(RolesSerializer):
    email = serializers.EmailField(max_length=254)


class MadeInvitationSerializer(InvitationSerializer):
    link = serializers.CharField(help_text="Shown only once.")

    class Meta(InvitationSerializer.Meta):
        fields = (*InvitationSerializer.Meta.fields, "link")


class InvitationViewSet(ProjectViewSet):
    """Open invitations to the project."""

    scope_to_change = Scope.ADMINISTER
    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": LEAD, "create": LEAD, "destroy": LEAD}

    def rows(self) -> QuerySet[Invitation]:
        return queries.invitations_of(self.member.project)

    @extend_schema(request=NewInvitationSerializer, responses={201: MadeInvitationSerializer})
    def create(self, request: Request, project_id: UUID) -> Response:
        given = NewInvitationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made, token = invitations.invite(
            actor=self.member.user, project=self.member.project, **given.validated_data
        )
        return Response(made_invitation(request, made, token), status=201)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, project_id: UUID, invitation_id: UUID) -> Response:
        rows = Invitation.objects.filter(project=self.member.project)
        row = get_object_or_404(rows, pk=invitation_id)
        invitations.revoke(actor=self.member.user, invitation=row)
        return Response(status=204)


def made_invitation(request: Request, row: Invitation, token: str) -> dict[str, Any]:
    """The invitation with its link, which is not kept."""
    row.link = request.build_absolute_uri(  # type: ignore[attr-defined]
        reverse("invitation", args=[token])
    )
    return dict(MadeInvitationSerializer(row).data)
