"""The API of what is one's own: oneself and the tokens."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from webapp.accounts import queries, tokens
from webapp.accounts.limits import TOKEN_DAYS
from webapp.accounts.models import ApiToken, Role, Scope, User


class OwnRolesSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))


class MeSerializer(serializers.ModelSerializer[User]):
    projects = OwnRolesSerializer(many=True)

    class Meta:
        model = User
        fields = ("id", "email", "name", "is_admin", "time_zone", "projects")


class MeView(APIView):
    """Who the token speaks for."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        roles = queries.roles_by_project(request.user)
        projects = [
            {"id": project.pk, "name": project.name, "roles": roles[project.pk]}
            for project in queries.projects_of(request.user)
        ]
        person = {name: getattr(request.user, name) for name in MeSerializer.Meta.fields[:-1]}
        return Response(MeSerializer({**person, "projects": projects}).data)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "scope", "created_at", "expires_at", "last_used_at")


class TokenRequestSerializer(serializers.ModelSerializer[ApiToken]):
    scope = serializers.ChoiceField(choices=Scope.choices, default=Scope.READ)
    days = serializers.IntegerField(
        **TOKEN_DAYS.range, default=TOKEN_DAYS.default, help_text="How long it works."
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scope", "days")


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="Shown only once.")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")


class TokenViewSet(GenericViewSet):
    queryset = ApiToken.objects.none()
    serializer_class = TokenSerializer

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(queries.tokens_of(request.user))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=TokenRequestSerializer, responses={201: NewTokenSerializer})
    def create(self, request: Request) -> Response:
        """Create a token, signed in by a session: a token makes no tokens (403)."""
        given = TokenRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row, text = tokens.create_token(user=request.user, **given.validated_data)
        row.token = text  # type: ignore[attr-defined]
        return Response(NewTokenSerializer(row).data, status=201)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, token_id: UUID) -> Response:
        row = get_object_or_404(queries.tokens_of(request.user), pk=token_id)
        tokens.revoke_token(user=request.user, token=row)
        return Response(status=204)
