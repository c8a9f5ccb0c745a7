"""The API of administrators: people and invitations of the instance."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts import queries
from webapp.accounts.admin_api import AdminViewSet
from webapp.accounts.api.projects import (
    InvitationSerializer,
    MadeInvitationSerializer,
    made_invitation,
)
from webapp.accounts.models import Invitation, User
from webapp.accounts.services import invitations, people


class PersonSerializer(serializers.ModelSerializer[User]):
    projects = serializers.IntegerField(read_only=True, help_text="How many projects they are in.")

    class Meta:
        model = User
        fields = (
            "id", "name", "email", "is_active", "is_admin", "projects", "created_at", "last_login"
        )  # fmt: skip
        read_only_fields = ("id", "name", "email", "created_at", "last_login")


class LinkSerializer(serializers.Serializer[Any]):
    link = serializers.CharField(help_text="Works once and is shown only once.")


class PersonViewSet(AdminViewSet):
    queryset = User.objects.none()
    serializer_class = PersonSerializer

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(queries.people())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, user_id: UUID) -> Response:
        return Response(self.get_serializer(self._user(user_id)).data)

    def partial_update(self, request: Request, user_id: UUID) -> Response:
        user = self._user(user_id)
        given = self.get_serializer(user, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        if "is_admin" in given.validated_data:
            people.set_admin(actor=request.user, user=user, admin=given.validated_data["is_admin"])
        if "is_active" in given.validated_data:
            people.set_active(
                actor=request.user, user=user, active=given.validated_data["is_active"]
            )
        return Response(self.get_serializer(self._user(user_id)).data)

    @extend_schema(request=None, responses={201: LinkSerializer})
    def password_link(self, request: Request, user_id: UUID) -> Response:
        path = people.password_link(actor=request.user, user=self._user(user_id))
        return Response({"link": request.build_absolute_uri(path)}, status=201)

    def _user(self, user_id: UUID) -> User:
        return get_object_or_404(queries.people(), pk=user_id)


class NewInstanceInvitationSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    is_admin = serializers.BooleanField(default=False)


class InstanceInvitationViewSet(AdminViewSet):
    """Open invitations to the instance."""

    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(queries.invitations_of(None))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        request=NewInstanceInvitationSerializer, responses={201: MadeInvitationSerializer}
    )
    def create(self, request: Request) -> Response:
        given = NewInstanceInvitationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made, token = invitations.invite(actor=request.user, project=None, **given.validated_data)
        return Response(made_invitation(request, made, token), status=201)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, invitation_id: UUID) -> Response:
        row = get_object_or_404(Invitation, pk=invitation_id, project=None)
        invitations.revoke(actor=request.user, invitation=row)
        return Response(status=204)
