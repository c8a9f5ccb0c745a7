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

from annotation.corpus.gold_emotions import with_hidden_emotions
from annotation.formats.emotions import EMOTIONS
from annotation.generation import queries, services
from annotation.generation.access import generation_run_for
from annotation.generation.critics import CriticChoice
from annotation.generation.limits import (
    COUNT,
    EXCHANGES,
    MAX_SITUATION,
    MAX_SITUATIONS,
    REVISIONS,
    SOLVED_FROM,
    SOLVED_TOTAL,
    TEMPERATURE,
)
from annotation.generation.statistics import Gain
from annotation.generation.verdicts import Part, Refining
from annotation.models import GenerationCritic, GenerationItem, GenerationRun
from annotation.roles import RUN_STARTERS
from rubrics.access import version_for
from rubrics.core.drafts import MAX_ID
from rubrics.judges.access import judge_for
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
    dropped = serializers.IntegerField()

    class Meta:
        model = GenerationRun
        fields = (
            *RUN_FIELDS, "supporter", "simulator", "exchanges", "temperature", "seed",
            "collection", "planned", "done", "failed", "dropped",
        )  # fmt: skip


class PartSerializer(serializers.Serializer[Part]):
    name = serializers.CharField()
    count = serializers.IntegerField()
    share = serializers.FloatField()


class GainSerializer(serializers.Serializer[Gain]):
    """The rubric total of accepted replies against that of the first attempts, over the same
    turns, with a 95 % interval. The judge that chose the replies also gave these totals."""

    first = serializers.FloatField(allow_null=True)
    accepted = serializers.FloatField(allow_null=True)
    change = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Turns.")
    groups = serializers.IntegerField(help_text="What the interval resamples.")
    unit = serializers.CharField(help_text="What these groups are: profiles or dialogues.")
    reason = serializers.CharField(help_text="Why there is no interval.")


class CriticSerializer(serializers.ModelSerializer[GenerationCritic]):
    spec_hash = serializers.CharField(source="spec.hash")

    class Meta:
        model = GenerationCritic
        fields = (
            "version", "spec_hash", "judge", "thresholds", "revisions", "solved_total",
            "solved_from", "profile_criterion",
        )  # fmt: skip


class RefiningSerializer(serializers.Serializer[Refining]):
    """What the critic gave so far."""

    critic = CriticSerializer()
    hidden = serializers.IntegerField(
        help_text="Dialogues with texts that you still have to rate. Their attempts are left out "
        "of verdicts, depths and gain."
    )
    verdicts = PartSerializer(many=True, help_text="Attempts by verdict.")
    depths = PartSerializer(many=True, help_text="Accepted turns by the attempts that they took.")
    drops = PartSerializer(many=True, help_text="Dropped dialogues by reason.")
    gain = GainSerializer(allow_null=True, help_text="Once the run has ended.")


class GenerationDetailSerializer(GenerationSerializer):
    planned = serializers.IntegerField(source="state.planned")
    done = serializers.IntegerField(source="state.done")
    failed = serializers.IntegerField(source="state.failed")
    dropped = serializers.IntegerField(source="state.dropped")
    turns = serializers.IntegerField(source="state.turns")
    usage = UsageSerializer(source="state.usage")
    progress = RunProgressSerializer(source="state.progress")
    refining = RefiningSerializer(source="state.refining", allow_null=True)

    class Meta(GenerationSerializer.Meta):
        fields = (*GenerationSerializer.Meta.fields, "turns", "usage", "progress", "refining")


class NewCriticSerializer(serializers.Serializer[Any]):
    version = serializers.UUIDField(help_text="A published version that rates turns.")
    judge = serializers.UUIDField()
    thresholds = serializers.DictField(
        child=serializers.IntegerField(),
        default=dict,
        help_text="The PASS level of each criterion, by uid. A criterion that is left out has the "
        "level in the middle of its scale.",
    )
    revisions = serializers.IntegerField(**REVISIONS.range, default=REVISIONS.default)
    solved_total = serializers.FloatField(
        **SOLVED_TOTAL.range,
        default=SOLVED_TOTAL.default,
        allow_null=True,
        help_text="A reply that passes with this rubric total or more ends its dialogue. Null: no "
        "dialogue ends early.",
    )
    solved_from = serializers.IntegerField(**SOLVED_FROM.range, default=SOLVED_FROM.default)
    profile_criterion = serializers.CharField(
        max_length=MAX_ID,
        default="",
        allow_blank=True,
        help_text="The uid of the criterion that says whether a reply contradicts the profile.",
    )


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
    critic = NewCriticSerializer(default=None, allow_null=True)

    def validate_emotions(self, value: list[str]) -> list[str]:
        if unknown := sorted(set(value) - set(EMOTIONS)):
            raise serializers.ValidationError(f"{unknown[0]} is not one of the 32 labels.")
        return value


class GenerationItemSerializer(serializers.ModelSerializer[GenerationItem]):
    state = serializers.CharField(read_only=True)
    drop_reason = serializers.CharField(read_only=True)
    emotion = serializers.SerializerMethodField(
        help_text="Empty while you still have to rate in the dialogue."
    )

    class Meta:
        model = GenerationItem
        fields = (
            "position", "profile", "emotion", "situation", "state", "dialogue", "drop_reason",
            "error", "ended_at",
        )  # fmt: skip

    def get_emotion(self, row: Any) -> str:
        return "" if row.hides_emotion else row.emotion


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
            critic=self._critic(asked.pop("critic")),
            **asked,
        )
        return self.shown(run.pk, status=201)

    def _critic(self, asked: dict[str, Any] | None) -> CriticChoice | None:
        if asked is None:
            return None
        version = version_for(self.member, asked.pop("version"))
        return CriticChoice(version, judge_for(self.member, asked.pop("judge")), **asked)

    def one(self, pk: UUID) -> GenerationRun:
        run: Any = generation_run_for(self.member, pk)
        run.state = queries.state_of(run, self.member)
        return run


class GenerationItemViewSet(ProjectViewSet):
    """Each planned dialogue of a run and its result."""

    queryset = GenerationItem.objects.none()
    serializer_class = GenerationItemSerializer
    filterset_class = GenerationItemFilter
    pagination_class = ByPosition
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": RUN_STARTERS}

    def rows(self) -> QuerySet[GenerationItem]:
        items = generation_run_for(self.member, self.kwargs["id"]).items.all()
        return with_hidden_emotions(items, self.member, "dialogue")


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(f"{P}generations/", GenerationViewSet, "api_generation"),
    path(
        P + "generations/<uuid:id>/items/",
        GenerationItemViewSet.as_view({"get": "list"}),
        name="api_generation_items",
    ),
]
