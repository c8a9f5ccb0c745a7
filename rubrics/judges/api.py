"""The API of judges."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rubrics.judges.access import MAKERS, READERS, judge_for
from rubrics.judges.limits import DEFAULTS, MODES, TEMPERATURE
from rubrics.judges.queries import judges_of
from rubrics.judges.services import judge_create_llm, judge_renew
from rubrics.models import Judge
from webapp.accounts.project_api import ProjectViewSet
from webapp.llm.access import endpoint_for


class JudgeFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=Judge.Kind.choices)
    name = django_filters.CharFilter()

    class Meta:
        model = Judge
        fields: ClassVar[list[str]] = []


class JudgeSerializer(serializers.ModelSerializer[Judge]):
    kind = serializers.CharField(read_only=True)

    class Meta:
        model = Judge
        fields = (
            "id", "name", "version", "kind", "hash", "endpoint", "parameters", "fitted_on",
            "provenance", "created_at",
        )  # fmt: skip


class NewJudgeSerializer(serializers.Serializer[Any]):
    """A language model as judge; a learned judge comes from a fit."""

    name = serializers.CharField(max_length=Judge.MAX_NAME)
    endpoint = serializers.UUIDField()
    mode = serializers.ChoiceField(choices=list(MODES), default=DEFAULTS.mode)
    temperature = serializers.FloatField(**TEMPERATURE.range, default=TEMPERATURE.default)


class JudgeViewSet(ProjectViewSet):
    queryset = Judge.objects.none()
    serializer_class = JudgeSerializer
    filterset_class = JudgeFilter
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = {
        "list": READERS,
        "retrieve": READERS,
        "create": MAKERS,
        "renew": MAKERS,
    }

    def rows(self) -> QuerySet[Judge]:
        return judges_of(self.member.project)

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return Response(self.get_serializer(judge_for(self.member, id)).data)

    @extend_schema(request=NewJudgeSerializer, responses={201: JudgeSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewJudgeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        judge = judge_create_llm(
            project=self.member.project,
            actor=self.member.user,
            name=asked["name"],
            endpoint=endpoint_for(self.member, asked["endpoint"]),
            parameters={"mode": asked["mode"], "temperature": asked["temperature"]},
        )
        return Response(self.get_serializer(judge).data, status=201)

    @extend_schema(request=None, responses={201: JudgeSerializer})
    def renew(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """The next version of a judge whose endpoint, or the vetoes, changed since it was made. The
        same again is the same version. 409 where nothing changed or the endpoint is gone."""
        made = judge_renew(judge=judge_for(self.member, id), actor=self.member.user)
        return Response(self.get_serializer(made).data, status=201)


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "judges/",
        JudgeViewSet.as_view({"get": "list", "post": "create"}),
        name="api_judge_list",
    ),
    path(
        P + "judges/<uuid:id>/",
        JudgeViewSet.as_view({"get": "retrieve"}),
        name="api_judge_retrieve",
    ),
    path(
        P + "judges/<uuid:id>/renew/",
        JudgeViewSet.as_view({"post": "renew"}),
        name="api_judge_renew",
    ),
]
