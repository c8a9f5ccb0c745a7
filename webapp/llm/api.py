"""The API of endpoints. A key is written, never read."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.models import Role
from webapp.accounts.project_api import ProjectViewSet
from webapp.llm import queries, services
from webapp.llm.models import Endpoint, ModelCall

LEAD = (Role.LEAD,)


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    api_key = serializers.CharField(
        write_only=True,
        required=False,
        max_length=500,
        help_text="Stored encrypted and never shown. A change of scheme, host or port drops it.",
    )
    key = serializers.SerializerMethodField(help_text="none, set, or lost: enter it again.")
    max_concurrency = serializers.IntegerField(min_value=1, max_value=1024, default=16)
    timeout_s = serializers.IntegerField(min_value=1, max_value=3600, default=60)

    class Meta:
        model = Endpoint
        fields = (
            "id", "name", "base_url", "model", "api_key", "key", "max_concurrency", "timeout_s",
            "created_at",
        )  # fmt: skip
        read_only_fields = ("id", "created_at")
        # The service refuses a name that is taken.
        validators: ClassVar[list[Any]] = []

    def get_key(self, endpoint: Endpoint) -> str:
        return queries.key_state(endpoint)


class TestCallSerializer(serializers.ModelSerializer[ModelCall]):
    class Meta:
        model = ModelCall
        fields = (
            "id", "reply", "error", "latency_ms", "prompt_tokens", "completion_tokens",
            "created_at",
        )  # fmt: skip


class StartedTestSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Ask for it at .../tests/<id>/ until it is there.")


class EndpointViewSet(ProjectViewSet):
    queryset = Endpoint.objects.none()
    serializer_class = EndpointSerializer
    roles: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(
        ("list", "create", "retrieve", "partial_update", "archive", "start_test", "test"), LEAD
    )

    def list(self, request: Request, project_id: UUID) -> Response:
        page = self.paginate_queryset(queries.endpoints_of(self.member.project))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={201: EndpointSerializer})
    def create(self, request: Request, project_id: UUID) -> Response:
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.endpoint_create(
            project=self.member.project, actor=self.member.user, **given.validated_data
        )
        return Response(self.get_serializer(made).data, status=201)

    def retrieve(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        return Response(self.get_serializer(self._endpoint(endpoint_id)).data)

    def partial_update(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        row = self._endpoint(endpoint_id)
        given = self.get_serializer(row, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        names = ("name", "base_url", "model", "max_concurrency", "timeout_s")
        kept = {name: getattr(row, name) for name in names}
        services.endpoint_change(
            endpoint=row, actor=self.member.user, **{**kept, **given.validated_data}
        )
        return Response(self.get_serializer(row).data)

    @extend_schema(request=None, responses={204: None})
    def archive(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        services.endpoint_archive(endpoint=self._endpoint(endpoint_id), actor=self.member.user)
        return Response(status=204)

    @extend_schema(request=None, responses={202: StartedTestSerializer})
    def start_test(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        call_id = services.endpoint_test(
            endpoint=self._endpoint(endpoint_id), actor=self.member.user
        )
        return Response({"id": call_id}, status=202)

    @extend_schema(responses=TestCallSerializer)
    def test(
        self, request: Request, project_id: UUID, endpoint_id: UUID, call_id: UUID
    ) -> Response:
        """What came of a test; 404 until a worker has made it."""
        call = queries.test_call(self._endpoint(endpoint_id), call_id)
        if call is None:
            raise Http404
        return Response(TestCallSerializer(call).data)

    def _endpoint(self, endpoint_id: UUID) -> Endpoint:
        rows = queries.endpoints_of(self.member.project).select_related("project")
        return get_object_or_404(rows, pk=endpoint_id)


P = "projects/<uuid:project_id>/endpoints/"
E = P + "<uuid:endpoint_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P,
        EndpointViewSet.as_view({"get": "list", "post": "create"}),
        name="api_endpoint_list",
    ),
    path(
        E,
        EndpointViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="api_endpoint",
    ),
    path(E + "archive/", EndpointViewSet.as_view({"post": "archive"}), name="api_endpoint_archive"),
    path(E + "tests/", EndpointViewSet.as_view({"post": "start_test"}), name="api_endpoint_test"),
    path(
        E + "tests/<uuid:call_id>/",
        EndpointViewSet.as_view({"get": "test"}),
        name="api_endpoint_test_result",
    ),
]
