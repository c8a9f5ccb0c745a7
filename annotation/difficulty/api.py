"""The API of difficulty runs: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.difficulty import queries, services
from annotation.difficulty.access import difficulty_run_for
from annotation.difficulty.hidden import hidden_prompts
from annotation.difficulty.limits import MAX_TOKENS, PROMPTS, REPLIES, TEMPERATURE
from annotation.models import Collection, DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.models.corpus import Split
from annotation.roles import RUN_STARTERS
from annotation.sets.access import collection_for
from annotation.sets.api import SetSerializer
from annotation.sets.queries import collections_of
from rubrics.access import published_for
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

Difficulty = DifficultyPrompt.Difficulty


class DifficultyRunSerializer(serializers.ModelSerializer[DifficultyRun]):
    spec_hash = serializers.CharField(source="spec.hash")

    class Meta:
        model = DifficultyRun
        fields: tuple[str, ...] = (
            *RUN_FIELDS, "collection", "split", "snapshot", "endpoint", "version", "spec_hash",
            "judge", "thresholds", "replies", "max_tokens", "temperature", "seed",
        )  # fmt: skip


class DifficultyBinSerializer(serializers.Serializer[Any]):
    """Prompts by their share of FAIL, from 0 of K to K of K."""

    fails = serializers.IntegerField()
    share = serializers.FloatField()
    easy = serializers.IntegerField()
    hard = serializers.IntegerField()


class ShareHardSerializer(serializers.Serializer[Any]):
    """The share of hard prompts with a 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Prompts.")
    groups = serializers.IntegerField(help_text="What the interval resamples.")
    unit = serializers.CharField(help_text="What these groups are: profiles or dialogues.")
    reason = serializers.CharField(help_text="Why there is no interval.")


class DifficultyPartSerializer(serializers.Serializer[Any]):
    difficulty = serializers.ChoiceField(choices=Difficulty.choices)
    count = serializers.IntegerField()
    set = serializers.UUIDField(
        source="set.pk", default=None, allow_null=True, help_text="The set made of these prompts."
    )


class DifficultyRunDetailSerializer(DifficultyRunSerializer):
    prompts = serializers.IntegerField(source="state.prompts")
    hidden = serializers.IntegerField(
        source="state.hidden",
        help_text="Prompts that you still have to rate. They are left out of the figures.",
    )
    parts = DifficultyPartSerializer(source="state.parts", many=True)
    histogram = DifficultyBinSerializer(source="state.bins", many=True)
    share_hard = ShareHardSerializer(
        source="state.share", allow_null=True, help_text="Once the run has ended."
    )
    progress = RunProgressSerializer(source="state.progress")
    usage = UsageSerializer(source="state.usage")

    class Meta(DifficultyRunSerializer.Meta):
        fields = (
            *DifficultyRunSerializer.Meta.fields, "prompts", "hidden", "parts", "histogram",
            "share_hard", "progress", "usage",
        )  # fmt: skip


class NewDifficultySerializer(serializers.Serializer[Any]):
    collection = serializers.UUIDField(help_text="A set with all splits.")
    split = serializers.ChoiceField(choices=Split.choices, default=Split.TRAIN)
    prompts = serializers.IntegerField(**PROMPTS.range)
    endpoint = serializers.UUIDField(help_text="The model that replies.")
    replies = serializers.IntegerField(
        **REPLIES.range, default=REPLIES.default, help_text="Replies to each prompt: K."
    )
    version = serializers.UUIDField(help_text="A published rubric version that rates turns.")
    judge = serializers.UUIDField()
    thresholds = serializers.DictField(
        child=serializers.IntegerField(),
        default=dict,
        help_text="The PASS level of each criterion, by uid. A criterion that is left out has the "
        "level in the middle of its scale.",
    )
    max_tokens = serializers.IntegerField(**MAX_TOKENS.range, default=MAX_TOKENS.default)
    temperature = serializers.FloatField(**TEMPERATURE.range, default=TEMPERATURE.default)
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)


class NewDifficultySetSerializer(serializers.Serializer[Any]):
    difficulty = serializers.ChoiceField(choices=Difficulty.choices)


class DifficultyPromptSerializer(serializers.ModelSerializer[DifficultyPrompt]):
    turn = serializers.UUIDField(source="target.turn_id")
    difficulty = serializers.CharField(help_text="Easy, hard, or empty without pFAIL.")

    class Meta:
        model = DifficultyPrompt
        fields = ("id", "position", "target", "turn", "k", "judged", "p_fail", "difficulty")


class DifficultyReplySerializer(serializers.ModelSerializer[DifficultyReply]):
    class Meta:
        model = DifficultyReply
        fields = ("id", "prompt", "number", "raw", "target", "rating", "verdict", "error")


class DifficultyRunFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = DifficultyRun
        fields: ClassVar[list[str]] = []


class DifficultyPromptFilter(django_filters.FilterSet):
    difficulty = django_filters.ChoiceFilter(
        choices=[*Difficulty.choices, (queries.NONE, "Without pFAIL")], method="of_kind"
    )

    class Meta:
        model = DifficultyPrompt
        fields: ClassVar[list[str]] = []

    def of_kind(
        self, rows: QuerySet[DifficultyPrompt], name: str, kind: str
    ) -> QuerySet[DifficultyPrompt]:
        return queries.of_kind(rows, kind)


class DifficultyReplyFilter(django_filters.FilterSet):
    prompt = django_filters.UUIDFilter(field_name="prompt_id")
    verdict = django_filters.ChoiceFilter(choices=DifficultyReply.Verdict.choices)

    class Meta:
        model = DifficultyReply
        fields: ClassVar[list[str]] = []


class DifficultyViewSet(RunViewSet):
    queryset = DifficultyRun.objects.none()
    serializer_class = DifficultyRunSerializer
    detail_serializer_class = DifficultyRunDetailSerializer
    filterset_class = DifficultyRunFilter

    def rows(self) -> QuerySet[DifficultyRun]:
        return queries.runs_of(self.member.project)

    def one(self, pk: UUID) -> DifficultyRun:
        run: Any = difficulty_run_for(self.member, pk)
        run.state = queries.state_of(run, self.member)
        return run

    @extend_schema(
        request=NewDifficultySerializer,
        responses={201: DifficultyRunDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewDifficultySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked, member = given.validated_data, self.member
        run = services.difficulty_start(
            project=member.project,
            actor=member.user,
            key=idempotency_key(request),
            collection=collection_for(member, asked.pop("collection")),
            endpoint=endpoint_for(member, asked.pop("endpoint")),
            version=published_for(member, asked.pop("version")),
            judge=judge_for(member, asked.pop("judge")),
            **asked,
        )
        return self.shown(run.pk, status=201)

    @extend_schema(request=NewDifficultySetSerializer, responses={201: SetSerializer})
    def make_set(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Make a set of the easy or of the hard prompts. The same again returns the same set."""
        run = difficulty_run_for(self.member, id)
        given = NewDifficultySetSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made: Collection = services.set_create(
            run=run, actor=self.member.user, difficulty=given.validated_data["difficulty"]
        )
        shown = collections_of(self.member.project).get(pk=made.pk)
        return Response(SetSerializer(shown).data, status=201)


class DifficultyPromptViewSet(ProjectViewSet):
    """The prompts of a run with their pFAIL. Prompts that you still have to rate are left out."""

    queryset = DifficultyPrompt.objects.none()
    serializer_class = DifficultyPromptSerializer
    filterset_class = DifficultyPromptFilter
    pagination_class = ByPosition
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": RUN_STARTERS}

    def rows(self) -> QuerySet[DifficultyPrompt]:
        run = difficulty_run_for(self.member, self.kwargs["id"])
        return queries.prompts_of(run, hidden_prompts(run, self.member)).select_related("target")


class DifficultyReplyViewSet(ProjectViewSet):
    """The replies of a run with their verdicts. Prompts that you still have to rate are left
    out."""

    queryset = DifficultyReply.objects.none()
    serializer_class = DifficultyReplySerializer
    filterset_class = DifficultyReplyFilter
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": RUN_STARTERS}

    def rows(self) -> QuerySet[DifficultyReply]:
        run = difficulty_run_for(self.member, self.kwargs["id"])
        replies = DifficultyReply.objects.filter(prompt__run=run)
        return replies.exclude(prompt__in=hidden_prompts(run, self.member))


P = "projects/<uuid:project_id>/difficulty-runs/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(P, DifficultyViewSet, "api_difficulty"),
    path(
        f"{P}<uuid:id>/sets/",
        DifficultyViewSet.as_view({"post": "make_set"}),
        name="api_difficulty_set",
    ),
    path(
        f"{P}<uuid:id>/prompts/",
        DifficultyPromptViewSet.as_view({"get": "list"}),
        name="api_difficulty_prompts",
    ),
    path(
        f"{P}<uuid:id>/replies/",
        DifficultyReplyViewSet.as_view({"get": "list"}),
        name="api_difficulty_replies",
    ),
]
