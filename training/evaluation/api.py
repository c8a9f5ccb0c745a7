"""The API of evaluations: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from training import access
from training.access import TRAINERS
from training.evaluation import queries, services
from training.evaluation.access import evaluation_for
from training.evaluation.hidden import hidden_positions
from training.evaluation.limits import JUDGES, MAX_TOKENS, PROMPTS, SYSTEMS, TEMPERATURE
from training.models import Answer, AnswerRating, EvaluatedSystem, EvaluationJudge, EvaluationRun
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


class SystemSerializer(serializers.ModelSerializer[EvaluatedSystem]):
    class Meta:
        model = EvaluatedSystem
        fields = ("id", "position", "name", "endpoint")


class EvaluationJudgeSerializer(serializers.ModelSerializer[EvaluationJudge]):
    class Meta:
        model = EvaluationJudge
        fields = ("judge", "is_reward")


class EvaluationRunSerializer(serializers.ModelSerializer[EvaluationRun]):
    spec_hash = serializers.CharField(source="spec.hash")
    systems = SystemSerializer(many=True)
    judges = EvaluationJudgeSerializer(many=True)

    class Meta:
        model = EvaluationRun
        fields: tuple[str, ...] = (
            *RUN_FIELDS, "training", "snapshot", "version", "spec_hash", "systems", "judges",
            "max_tokens", "temperature", "seed",
        )  # fmt: skip


class EstimateSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True, help_text="Null with fewer than five profiles.")
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Prompts.")
    profiles = serializers.IntegerField(source="groups")


class CellSerializer(serializers.Serializer[Any]):
    measure = serializers.CharField(source="measure.name")
    label = serializers.CharField(source="measure.label")
    estimate = EstimateSerializer(allow_null=True)


class TableRowSerializer(serializers.Serializer[Any]):
    system = serializers.UUIDField(source="system.pk")
    cells = CellSerializer(many=True)


class DifferenceSerializer(CellSerializer):
    """Paired by prompt. `is_clear`: after Holm's correction over the measures."""

    is_clear = serializers.BooleanField()


class ComparisonSerializer(serializers.Serializer[Any]):
    system = serializers.UUIDField(source="system.pk")
    other = serializers.UUIDField(source="other.pk")
    differences = DifferenceSerializer(many=True)


class TableSerializer(serializers.Serializer[Any]):
    judge = serializers.UUIDField(source="judge.pk")
    is_reward = serializers.BooleanField()
    rows = TableRowSerializer(many=True)
    comparisons = ComparisonSerializer(many=True)


class EvaluationRunDetailSerializer(EvaluationRunSerializer):
    progress = RunProgressSerializer(source="state.progress")
    usage = UsageSerializer(source="state.usage")
    tables = serializers.SerializerMethodField(help_text="Empty until the evaluation has ended.")

    class Meta(EvaluationRunSerializer.Meta):
        fields = (*EvaluationRunSerializer.Meta.fields, "progress", "usage", "tables")

    @extend_schema(responses=TableSerializer(many=True))
    def get_tables(self, run: Any) -> list[Any]:
        return list(TableSerializer([view.table for view in run.state.views], many=True).data)


class NewEvaluationSerializer(serializers.Serializer[Any]):
    collection = serializers.UUIDField(help_text="A set with a test split.")
    prompts = serializers.IntegerField(**PROMPTS.range)
    version = serializers.UUIDField(help_text="A published rubric version that rates turns.")
    judges = serializers.ListField(
        child=serializers.UUIDField(), min_length=JUDGES.least, max_length=JUDGES.most
    )
    endpoints = serializers.ListField(
        child=serializers.UUIDField(), max_length=SYSTEMS.most, default=list
    )
    with_corpus = serializers.BooleanField(default=True)
    max_tokens = serializers.IntegerField(**MAX_TOKENS.range, default=MAX_TOKENS.default)
    temperature = serializers.FloatField(**TEMPERATURE.range, default=TEMPERATURE.default)
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)


class AnswerRatingSerializer(serializers.ModelSerializer[AnswerRating]):
    class Meta:
        model = AnswerRating
        fields = ("judge", "rating", "error")


class AnswerSerializer(serializers.ModelSerializer[Answer]):
    ratings = AnswerRatingSerializer(many=True)

    class Meta:
        model = Answer
        fields = (
            "id", "system", "prompt", "position", "raw", "target", "format", "emotion_match",
            "error", "ended_at", "ratings",
        )  # fmt: skip


class EvaluationFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = EvaluationRun
        fields: ClassVar[list[str]] = []


class AnswerFilter(django_filters.FilterSet):
    system = django_filters.UUIDFilter(field_name="system_id")

    class Meta:
        model = Answer
        fields: ClassVar[list[str]] = []


class EvaluationViewSet(RunViewSet):
    queryset = EvaluationRun.objects.none()
    serializer_class = EvaluationRunSerializer
    detail_serializer_class = EvaluationRunDetailSerializer
    filterset_class = EvaluationFilter

    def rows(self) -> QuerySet[EvaluationRun]:
        return queries.evaluations_of(self.member.project)

    def one(self, pk: UUID) -> EvaluationRun:
        run: Any = super().one(pk)
        run.state = queries.state_of(run, self.member)
        return run

    @extend_schema(
        request=NewEvaluationSerializer,
        responses={201: EvaluationRunDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewEvaluationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked, member = given.validated_data, self.member
        run = services.evaluation_start(
            project=member.project,
            actor=member.user,
            key=idempotency_key(request),
            collection=access.collection_for(member, asked["collection"]),
            prompts=asked["prompts"],
            version=access.version_for(member, asked["version"]),
            judges=[access.judge_for(member, pk) for pk in asked["judges"]],
            endpoints=[endpoint_for(member, pk) for pk in asked["endpoints"]],
            with_corpus=asked["with_corpus"],
            max_tokens=asked["max_tokens"],
            temperature=asked["temperature"],
            seed=asked["seed"],
        )
        return self.shown(run.pk, status=201)


class AnswerViewSet(ProjectViewSet):
    """Every answer of an evaluation with its ratings; filter by `system`. Prompts that you still
    have to rate are left out."""

    queryset = Answer.objects.none()
    serializer_class = AnswerSerializer
    filterset_class = AnswerFilter
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": TRAINERS}

    def rows(self) -> QuerySet[Answer]:
        run = evaluation_for(self.member, self.kwargs["id"])
        answers = Answer.objects.filter(system__run=run)
        shown = answers.exclude(position__in=hidden_positions(run, self.member))
        return shown.prefetch_related("ratings")


P = "projects/<uuid:project_id>/evaluations/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(P, EvaluationViewSet, "api_evaluation"),
    path(
        f"{P}<uuid:id>/answers/",
        AnswerViewSet.as_view({"get": "list"}),
        name="api_evaluation_answers",
    ),
]
