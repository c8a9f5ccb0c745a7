"""The API of endpoints, their tests and prices. A key is written, never read."""

from typing import ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.models import Role
from webapp.accounts.project_api import ProjectViewSet
from webapp.llm import queries, services
from webapp.llm.models import Endpoint
from webapp.llm.serializers import EndpointSerializer, EndpointTestSerializer, PriceSerializer

LEAD = (Role.LEAD,)


class EndpointViewSet(ProjectViewSet):
    queryset = Endpoint.objects.none()
    serializer_class = EndpointSerializer
    roles: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(
        (
            "list", "create", "retrieve", "partial_update", "archive", "start_test", "tests",
            "test", "prices", "set_price", "withdraw_price",
        ),
        LEAD,
    )  # fmt: skip

    def rows(self) -> QuerySet[Endpoint]:
        return queries.endpoints_of(self.member.project)

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

    @extend_schema(request=None, responses={202: EndpointTestSerializer})
    def start_test(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        """Ask a worker for a test. Ask for it at .../tests/<id>/ until it has ended."""
        test = services.endpoint_test(endpoint=self._endpoint(endpoint_id), actor=self.member.user)
        return Response(EndpointTestSerializer(test).data, status=202)

    @extend_schema(responses=EndpointTestSerializer(many=True), filters=False)
    def tests(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        page = self.paginate_queryset(self._endpoint(endpoint_id).tests.all())
        return self.get_paginated_response(EndpointTestSerializer(page, many=True).data)

    @extend_schema(responses=EndpointTestSerializer)
    def test(
        self, request: Request, project_id: UUID, endpoint_id: UUID, test_id: UUID
    ) -> Response:
        test = get_object_or_404(self._endpoint(endpoint_id).tests, pk=test_id)
        return Response(EndpointTestSerializer(test).data)

    @extend_schema(responses=PriceSerializer(many=True), filters=False)
    def prices(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        page = self.paginate_queryset(self._endpoint(endpoint_id).prices.all())
        return self.get_paginated_response(PriceSerializer(page, many=True).data)

    @extend_schema(request=PriceSerializer, responses={201: PriceSerializer})
    def set_price(self, request: Request, project_id: UUID, endpoint_id: UUID) -> Response:
        endpoint = self._endpoint(endpoint_id)
        given = PriceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        price = services.price_set(
            endpoint=endpoint, actor=self.member.user, **given.validated_data
        )
        return Response(PriceSerializer(price).data, status=201)

    @extend_schema(responses={204: None})
    def withdraw_price(
        self, request: Request, project_id: UUID, endpoint_id: UUID, price_id: UUID
    ) -> Response:
        prices = self._endpoint(endpoint_id).prices.select_related("project", "endpoint")
        services.price_withdraw(
            price=get_object_or_404(prices, pk=price_id), actor=self.member.user
        )
        return Response(status=204)

    def _endpoint(self, endpoint_id: UUID) -> Endpoint:
        return get_object_or_404(self.rows().select_related("project"), pk=endpoint_id)


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
    path(
        E + "tests/",
        EndpointViewSet.as_view({"get": "tests", "post": "start_test"}),
        name="api_endpoint_test",
    ),
    path(
        E + "tests/<uuid:test_id>/",
        EndpointViewSet.as_view({"get": "test"}),
        name="api_endpoint_test_result",
    ),
    path(
        E + "prices/",
        EndpointViewSet.as_view({"get": "prices", "post": "set_price"}),
        name="api_endpoint_price_list",
    ),
    path(
        E + "prices/<uuid:price_id>/",
        EndpointViewSet.as_view({"delete": "withdraw_price"}),
        name="api_endpoint_price",
    ),
]
