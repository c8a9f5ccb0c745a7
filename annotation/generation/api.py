"""The API of generation runs: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.formats.emotions import EMOTIONS
from annotation.generation import queries, services
from annotation.generation.access import generation_run_for
from annotation.generation.limits import (
    COUNT,
    EXCHANGES,
    MAX_SITUATION,
    MAX_SITUATIONS,
    TEMPERATURE,
)
from annotation.models import GenerationItem, GenerationRun
from annotation.roles import RUN_STARTERS
from webapp.accounts.paging import ByPosition
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import SEED
from webapp.llm.access import endpoint_for
from webapp.llm.serializers import UsageSerializer
from webapp.runs.api import (
    IDEMPOTENCY_KEY,
    RUN_FIELDS,
    RunProgressSerializer,
    RunViewSet,
    idempotency_key,
    run_paths,
)
from webapp.runs.models import Status


class GenerationFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = GenerationRun
        fields: ClassVar[list[str]] = []


class GenerationItemFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=GenerationItem.State.choices)

    class Meta:
        model = GenerationItem
        fields: ClassVar[list[str]] = []


class GenerationSerializer(serializers.ModelSerializer[GenerationRun]):
    planned = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()

    class Meta:
        model = GenerationRun
        fields = (
            *RUN_FIELDS, "supporter", "simulator", "exchanges", "temperature", "seed",
            "collection", "planned", "done", "failed",
        )  # fmt: skip


class GenerationDetailSerializer(GenerationSerializer):
    planned = serializers.IntegerField(source="state.planned")
    done = serializers.IntegerField(source="state.done")
    failed = serializers.IntegerField(source="state.failed")
    turns = serializers.IntegerField(source="state.turns")
    usage = UsageSerializer(source="state.usage")
    progress = RunProgressSerializer(source="state.progress")

    class Meta(GenerationSerializer.Meta):
        fields = (*GenerationSerializer.Meta.fields, "turns", "usage", "progress")


class NewGenerationSerializer(serializers.Serializer[Any]):
    supporter = serializers.UUIDField(help_text="An endpoint of the project.")
    simulator = serializers.UUIDField(help_text="The endpoint that speaks as the seeker.")
    count = serializers.IntegerField(**COUNT.range)
    emotions = serializers.ListField(
        child=serializers.CharField(max_length=16),
        min_length=1,
        max_length=len(EMOTIONS),
        help_text="Labels from the list of 32.",
    )
    situations = serializers.ListField(
        child=serializers.CharField(max_length=MAX_SITUATION),
        max_length=MAX_SITUATIONS,
        default=list,
        help_text="If left out, they come from the project's dialogues with the same emotion.",
    )
    exchanges = serializers.IntegerField(**EXCHANGES.range, default=EXCHANGES.default)
    temperature = serializers.FloatField(**TEMPERATURE.range, default=TEMPERATURE.default)
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)

    def validate_emotions(self, value: list[str]) -> list[str]:
        if unknown := sorted(set(value) - set(EMOTIONS)):
            raise serializers.ValidationError(f"{unknown[0]} is not one of the 32 labels.")
        return value


class GenerationItemSerializer(serializers.ModelSerializer[GenerationItem]):
    state = serializers.CharField(read_only=True)

    class Meta:
        model = GenerationItem
        fields = (
            "position", "profile", "emotion", "situation", "state", "dialogue", "error", "ended_at",
        )  # fmt: skip


class GenerationViewSet(RunViewSet):
    queryset = GenerationRun.objects.none()
    serializer_class = GenerationSerializer
    detail_serializer_class = GenerationDetailSerializer
    filterset_class = GenerationFilter

    def rows(self) -> QuerySet[GenerationRun]:
        return queries.runs_of(self.member.project)

    @extend_schema(
        request=NewGenerationSerializer,
        responses={201: GenerationDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewGenerationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        run = services.generation_start(
            project=self.member.project,
            actor=self.member.user,
            key=idempotency_key(request),
            supporter=endpoint_for(self.member, asked.pop("supporter")),
            simulator=endpoint_for(self.member, asked.pop("simulator")),
            **asked,
        )
        return self.shown(run.pk, status=201)

    def one(self, pk: UUID) -> GenerationRun:
        run: Any = generation_run_for(self.member, pk)
        run.state = queries.state_of(run)
        return run


class GenerationItemViewSet(ProjectViewSet):
    """Each planned dialogue of a run and its result."""

    queryset = GenerationItem.objects.none()
    serializer_class = GenerationItemSerializer
    filterset_class = GenerationItemFilter
    pagination_class = ByPosition
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": RUN_STARTERS}

    def rows(self) -> QuerySet[GenerationItem]:
        return generation_run_for(self.member, self.kwargs["id"]).items.all()


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(f"{P}generations/", GenerationViewSet, "api_generation"),
    path(
        P + "generations/<uuid:id>/items/",
        GenerationItemViewSet.as_view({"get": "list"}),
        name="api_generation_items",
    ),
]
