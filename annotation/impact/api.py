"""The API of trials: the same rows and services as the playground and the previews."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.impact import sampling, services
from annotation.impact.access import impact_run_for, playground_run_for
from annotation.impact.limits import MAX_HISTORY, MAX_PASTED, MAX_TRIED, SIZE
from annotation.impact.preview import ImpactState, impact_runs_of
from annotation.impact.results import playground_state
from annotation.impact.services import Pasted
from annotation.impact.text_search import MAX_QUERY, texts_for
from annotation.models import ImpactRun, PlaygroundRun
from rubrics.access import WRITERS, version_for
from rubrics.judges.access import judge_for
from rubrics.queries import text_of
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import SEED
from webapp.runs.api import (
    IDEMPOTENCY_KEY,
    RUN_FIELDS,
    RunProgressSerializer,
    RunViewSet,
    idempotency_key,
    run_paths,
)

QUERY = OpenApiParameter("q", str, description="Words from the text, or a dialogue's number.")


class GivenSerializer(serializers.Serializer[Any]):
    """A judge's score for one criterion; null if there is none yet."""

    score_status = serializers.CharField(source="status")
    value = serializers.FloatField(allow_null=True)
    rationale = serializers.CharField()
    evidence = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()


class CellSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField(source="criterion.uid")
    name = serializers.CharField(source="criterion.name")
    before = GivenSerializer(allow_null=True)
    after = GivenSerializer(allow_null=True)
    change = serializers.FloatField(allow_null=True, help_text="In levels.")


class ScoredTextSerializer(serializers.Serializer[Any]):
    """One text with the published wording (`before`) and with the draft (`after`)."""

    position = serializers.IntegerField(source="item.position")
    target = serializers.UUIDField(source="item.target_id")
    state = serializers.CharField(source="item.state")
    title = serializers.CharField()
    text = serializers.CharField()
    criteria = CellSerializer(source="cells", many=True)
    total_before = serializers.FloatField(allow_null=True)
    total_after = serializers.FloatField(allow_null=True)
    change = serializers.FloatField(allow_null=True)


class DraftScoringSerializer(serializers.Serializer[Any]):
    """The fields of every trial."""

    version = serializers.UUIDField(source="version_id")
    judge = serializers.UUIDField(source="judge_id")
    before = serializers.CharField(source="before.hash", allow_null=True, default=None)
    after = serializers.CharField(source="after.hash")


class PlaygroundSerializer(DraftScoringSerializer, serializers.ModelSerializer[PlaygroundRun]):
    status = serializers.CharField(read_only=True)
    is_stale = serializers.BooleanField(
        source="shown.is_stale", help_text="The draft has changed since."
    )
    unread = serializers.ListField(
        source="shown.scoring.unread_uids",
        child=serializers.CharField(),
        help_text="Criteria that this judge can't score, because it does not read wording.",
    )
    hidden = serializers.IntegerField(source="shown.scoring.hidden")
    texts = ScoredTextSerializer(source="shown.rows", many=True)

    class Meta:
        model = PlaygroundRun
        fields = (
            *RUN_FIELDS, "version", "judge", "before", "after", "is_stale", "unread", "hidden",
            "texts",
        )  # fmt: skip


class PastTurnSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=["seeker", "supporter"])
    text = serializers.CharField(max_length=MAX_PASTED, allow_blank=True, trim_whitespace=False)


class PastedSerializer(serializers.Serializer[Any]):
    """A reply that is not a turn: it replaces the turn `after` or has its own context."""

    raw = serializers.CharField(max_length=MAX_PASTED, trim_whitespace=False)
    after = serializers.UUIDField(required=False)
    situation = serializers.CharField(required=False, allow_blank=True, max_length=MAX_PASTED)
    history = PastTurnSerializer(many=True, required=False, max_length=MAX_HISTORY)


class NewPlaygroundSerializer(serializers.Serializer[Any]):
    judge = serializers.UUIDField()
    turns = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MAX_TRIED
    )
    dialogues = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MAX_TRIED
    )
    pasted = PastedSerializer(required=False)


class TextChoiceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="pk")
    title = serializers.CharField()
    text = serializers.CharField()
    before = serializers.CharField()


class MeasuredSerializer(serializers.Serializer[Any]):
    """A figure with its 95 % bootstrap interval; null with the reason where it is undefined."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    reason = serializers.CharField()


class CriterionChangeSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField(source="criterion.uid")
    name = serializers.CharField(source="criterion.name")
    wording = serializers.CharField(help_text="What the draft changes in it; empty for no change.")
    n = serializers.IntegerField()
    up = serializers.IntegerField()
    down = serializers.IntegerField()
    mean = MeasuredSerializer()
    is_unread = serializers.BooleanField()


class RankingSerializer(serializers.Serializer[Any]):
    """Groups of replies to the same context, ranked with both wordings."""

    groups = serializers.IntegerField()
    replies = serializers.IntegerField()
    tau = MeasuredSerializer()
    flipped = MeasuredSerializer()
    advantage = MeasuredSerializer()


class ShiftSerializer(serializers.Serializer[Any]):
    """Weighted kappa of the judge with people for both wordings, with the paired difference."""

    before = serializers.FloatField(source="first.value", allow_null=True)
    after = serializers.FloatField(source="second.value", allow_null=True)
    change = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    unit = serializers.CharField(
        source="first.unit", help_text="What the bootstrap draws: profiles or dialogues."
    )
    groups = serializers.IntegerField(source="first.groups", help_text="How many there are.")
    reason = serializers.CharField()


class HumanAgreementSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField(source="criterion.uid")
    kappa = ShiftSerializer(source="shift", allow_null=True)
    reason = serializers.CharField()
    undecided = serializers.IntegerField(
        help_text="Texts that are left out, because people differ and nobody settled them."
    )
    known = serializers.IntegerField(
        help_text="Texts that are left out, because the judge’s fit learned from them, from the "
        "same profile or from the same text."
    )


class ImpactSerializer(DraftScoringSerializer, serializers.ModelSerializer[ImpactRun]):
    status = serializers.CharField(read_only=True)
    base = serializers.UUIDField(source="base_id")

    class Meta:
        model = ImpactRun
        fields = (
            *RUN_FIELDS, "version", "base", "judge", "after", "sample", "seed",
        )  # fmt: skip


class ImpactDetailSerializer(ImpactSerializer):
    progress = RunProgressSerializer(source="shown.progress")
    scored = serializers.IntegerField(source="shown.scored_count")
    changed = serializers.IntegerField(source="shown.changed_count")
    failed = serializers.IntegerField(source="shown.failed")
    hidden = serializers.IntegerField(source="shown.hidden")
    unread = serializers.ListField(
        source="shown.scoring.unread_uids", child=serializers.CharField()
    )
    total = MeasuredSerializer(source="shown.total")
    criteria = CriterionChangeSerializer(source="shown.criteria", many=True)
    ranking = RankingSerializer(source="shown.ranking", allow_null=True)
    agreement = HumanAgreementSerializer(source="shown.agreement", many=True)

    class Meta(ImpactSerializer.Meta):
        fields = (
            *ImpactSerializer.Meta.fields, "before", "progress", "scored", "changed", "failed",
            "hidden", "unread", "total", "criteria", "ranking", "agreement",
        )  # fmt: skip


class NewImpactSerializer(serializers.Serializer[Any]):
    version = serializers.UUIDField(help_text="The draft.")
    judge = serializers.UUIDField()
    sample = serializers.CharField(max_length=80, help_text="A key of the version's samples.")
    size = serializers.IntegerField(**SIZE.range, default=SIZE.default)
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)


class SampleSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()


class PlaygroundViewSet(RunViewSet):
    queryset = PlaygroundRun.objects.none()
    serializer_class = PlaygroundSerializer
    pagination_class = None

    @extend_schema(
        request=NewPlaygroundSerializer,
        responses={201: PlaygroundSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def start(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Score texts with the current draft."""
        version = version_for(self.member, id)
        given = NewPlaygroundSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = dict(given.validated_data)
        pasted = asked.pop("pasted", None)
        run = services.playground_start(
            version=version,
            actor=self.member.user,
            key=idempotency_key(request),
            judge=judge_for(self.member, asked.pop("judge")),
            pasted=Pasted(**pasted) if pasted else None,
            **asked,
        )
        return self.shown(run.pk, status=201)

    @extend_schema(parameters=[QUERY], responses=TextChoiceSerializer(many=True))
    def texts(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """The newest texts of the project on which you can try the draft."""
        version = version_for(self.member, id)
        query = request.query_params.get("q", "")[:MAX_QUERY]
        found = texts_for(self.member, str(text_of(version)["target"]), query)
        return Response(TextChoiceSerializer(found, many=True).data)

    def one(self, pk: UUID) -> PlaygroundRun:
        run: Any = playground_run_for(self.member, pk)
        run.shown = playground_state(run, self.member)
        return run


class ImpactViewSet(RunViewSet):
    queryset = ImpactRun.objects.none()
    serializer_class = ImpactSerializer
    detail_serializer_class = ImpactDetailSerializer

    def rows(self) -> QuerySet[ImpactRun]:
        return impact_runs_of(self.member.project)

    @extend_schema(
        request=NewImpactSerializer,
        responses={201: ImpactDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewImpactSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = dict(given.validated_data)
        run = services.impact_start(
            version=version_for(self.member, asked.pop("version")),
            actor=self.member.user,
            key=idempotency_key(request),
            judge=judge_for(self.member, asked.pop("judge")),
            **asked,
        )
        return self.shown(run.pk, status=201)

    def one(self, pk: UUID) -> ImpactRun:
        run: Any = impact_run_for(self.member, pk)
        run.shown = ImpactState(run, self.member)
        return run


class ImpactTextViewSet(ProjectViewSet):
    """The result for each text of a preview. A sample has at most 500 texts."""

    queryset = ImpactRun.objects.none()
    serializer_class = ScoredTextSerializer
    pagination_class = None
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": WRITERS}

    def list(self, request: Request, **kwargs: Any) -> Response:
        state = ImpactState(impact_run_for(self.member, kwargs["id"]), self.member)
        return Response(ScoredTextSerializer(state.scoring.rows, many=True).data)


class SampleViewSet(ProjectViewSet):
    """The samples for a preview of this version."""

    queryset = ImpactRun.objects.none()
    serializer_class = SampleSerializer
    pagination_class = None
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": WRITERS}

    def list(self, request: Request, **kwargs: Any) -> Response:
        version = version_for(self.member, kwargs["id"])
        found = sampling.choices_for(self.member.project, version)
        return Response(SampleSerializer(found, many=True).data)


P = "projects/<uuid:project_id>/"
VERSION = f"{P}rubric-versions/<uuid:id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(f"{P}impact-runs/", ImpactViewSet, "api_impact"),
    path(
        f"{VERSION}playground/",
        PlaygroundViewSet.as_view({"post": "start"}),
        name="api_playground_start",
    ),
    path(
        f"{VERSION}texts/",
        PlaygroundViewSet.as_view({"get": "texts"}),
        name="api_playground_texts",
    ),
    path(
        f"{P}playground-runs/<uuid:id>/",
        PlaygroundViewSet.as_view({"get": "retrieve"}),
        name="api_playground_run",
    ),
    path(
        f"{VERSION}samples/", SampleViewSet.as_view({"get": "list"}), name="api_playground_samples"
    ),
    path(
        f"{P}impact-runs/<uuid:id>/texts/",
        ImpactTextViewSet.as_view({"get": "list"}),
        name="api_impact_texts",
    ),
]
