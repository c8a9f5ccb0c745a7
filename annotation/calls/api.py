"""The API of what models were asked: the same rows as the pages, blind to the same texts."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.calls.access import call_for
from annotation.calls.queries import visible_calls
from annotation.roles import CALL_READERS
from webapp.accounts.project_api import ProjectViewSet
from webapp.llm.models import ModelCall
from webapp.llm.serializers import CallDetailSerializer, CallSerializer


class CallFilter(django_filters.FilterSet):
    run = django_filters.UUIDFilter(field_name="run_id")
    made_for = django_filters.UUIDFilter(
        label="The row for which it was made: a turn, a judge call, a rollout, a test."
    )
    endpoint = django_filters.UUIDFilter(field_name="endpoint_id")
    purpose = django_filters.ChoiceFilter(choices=ModelCall.Purpose.choices)
    failed = django_filters.BooleanFilter(method="by_outcome")

    class Meta:
        model = ModelCall
        fields: ClassVar[list[str]] = []

    def by_outcome(
        self, calls: QuerySet[ModelCall], name: str, failed: bool
    ) -> QuerySet[ModelCall]:
        return calls.exclude(error="") if failed else calls.filter(error="")


class CallViewSet(ProjectViewSet):
    queryset = ModelCall.objects.none()
    serializer_class = CallSerializer
    filterset_class = CallFilter
    roles: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(("list", "retrieve"), CALL_READERS)

    def rows(self) -> QuerySet[ModelCall]:
        return visible_calls(self.member).defer("request", "reply")

    @extend_schema(responses=CallDetailSerializer)
    def retrieve(self, request: Request, call_id: UUID, **kwargs: Any) -> Response:
        """With the request as it was sent and the reply; the key is in neither."""
        return Response(CallDetailSerializer(call_for(self.member, call_id)).data)


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(P + "calls/", CallViewSet.as_view({"get": "list"}), name="api_call_list"),
    path(
        P + "calls/<uuid:call_id>/",
        CallViewSet.as_view({"get": "retrieve"}),
        name="api_call",
    ),
]
