"""The API of fits and judge runs: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.judge_runs import queries, services
from annotation.judge_runs.access import judge_run_for
from annotation.judge_runs.limits import ENOUGH_ITEMS, ENOUGH_RATINGS, MIN_ALPHA
from annotation.models import FitRun, JudgeItem, JudgeRun, Score
from annotation.roles import JUDGING_READERS
from annotation.sets.access import collection_for, snapshot_for
from annotation.sets.limits import MEMBERS
from rubrics.access import published_for
from rubrics.judges.access import judge_for
from rubrics.models import Judge
from webapp.accounts.paging import ByPosition
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import SEED
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


class FitFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = FitRun
        fields: ClassVar[list[str]] = []


class JudgeRunFilter(FitFilter):
    judge = django_filters.UUIDFilter(field_name="judge_id")
    version = django_filters.UUIDFilter(field_name="version_id")

    class Meta(FitFilter.Meta):
        model = JudgeRun


class JudgeItemFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=JudgeItem.State.choices)

    class Meta:
        model = JudgeItem
        fields: ClassVar[list[str]] = []


class TeacherAgreementSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="Whose ratings: raters of one kind are compared.")
    criterion = serializers.CharField()
    alpha = serializers.FloatField(
        allow_null=True, help_text="Krippendorff’s alpha, ordinal, when the judge was fitted."
    )
    low = serializers.FloatField(allow_null=True, help_text="Of the 95 % interval.")
    high = serializers.FloatField(allow_null=True)
    items = serializers.IntegerField(help_text="Items that two of them rated, or more.")
    ac2 = serializers.FloatField(
        allow_null=True, help_text="Gwet’s AC2, ordinal weights; null for earlier fits, too."
    )
    is_low = serializers.BooleanField(
        help_text=f"Whether alpha’s interval ends below {MIN_ALPHA}, and AC2 is below it, too."
    )
    why_unclear = serializers.CharField(
        help_text="Why a low alpha does not tell that they agree too little."
    )
    reason = serializers.CharField(help_text="Why there is no alpha or no interval.")


class BasisSerializer(serializers.Serializer[Any]):
    """What the fit stands on."""

    ratings = serializers.IntegerField(help_text="That the judge learned from.")
    items = serializers.IntegerField(help_text="That these are of.")
    is_small = serializers.BooleanField(
        help_text=f"Fewer than {ENOUGH_RATINGS} ratings or {ENOUGH_ITEMS} items."
    )
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="What to know before anything else."
    )
    is_hidden = serializers.BooleanField(
        help_text="Whether agreement is left out, because you still rate one of these items."
    )
    agreement = TeacherAgreementSerializer(many=True)


class FitSerializer(serializers.ModelSerializer[FitRun]):
    basis = serializers.SerializerMethodField(
        help_text="Null until there is a judge, and for fits of earlier versions."
    )

    class Meta:
        model = FitRun
        fields = (*RUN_FIELDS, "version", "judge_name", "rater_kinds", "seed", "judge", "basis")

    @extend_schema_field(BasisSerializer(allow_null=True))
    def get_basis(self, run: FitRun) -> dict[str, Any] | None:
        found = queries.basis_of(run)
        return dict(BasisSerializer(found).data) if found else None


class NewFitSerializer(serializers.Serializer[Any]):
    version = serializers.UUIDField(help_text="A published rubric version.")
    judge_name = serializers.CharField(
        max_length=Judge.MAX_NAME, help_text="The same name creates the judge's next version."
    )
    rater_kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(kind) for kind in services.FITTING_KINDS]),
        min_length=1,
        max_length=len(services.FITTING_KINDS),
        help_text="Whose ratings the judge learns from.",
    )
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)


class JudgeRunSerializer(serializers.ModelSerializer[JudgeRun]):
    spec_hash = serializers.CharField(source="spec.hash")
    planned = serializers.IntegerField()
    done = serializers.IntegerField()

    class Meta:
        model = JudgeRun
        fields = (
            *RUN_FIELDS, "snapshot", "version", "spec_hash", "judge", "planned", "done",
        )  # fmt: skip


class LevelCountSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField(source="level")
    label = serializers.CharField()
    n = serializers.IntegerField()


class ColumnSerializer(serializers.Serializer[Any]):
    """How many texts got each level of a criterion."""

    uid = serializers.CharField(source="criterion.uid")
    name = serializers.CharField(source="criterion.name")
    n = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    unscored = serializers.IntegerField()
    reason = serializers.CharField()
    levels = LevelCountSerializer(source="bars", many=True)


class JudgeRunDetailSerializer(JudgeRunSerializer):
    planned = serializers.IntegerField(source="state.progress.total")
    done = serializers.IntegerField(source="state.progress.done")
    judged = serializers.IntegerField(source="state.judged")
    reused = serializers.IntegerField(source="state.reused")
    failed = serializers.IntegerField(source="state.failed")
    hidden = serializers.IntegerField(
        source="state.hidden",
        help_text="Texts that you still have to rate. They are left out of the criteria.",
    )
    progress = RunProgressSerializer(source="state.progress")
    usage = UsageSerializer(source="state.usage")
    criteria = ColumnSerializer(source="state.columns", many=True)

    class Meta(JudgeRunSerializer.Meta):
        fields = (
            *JudgeRunSerializer.Meta.fields,
            "judged", "reused", "failed", "hidden", "progress", "usage", "criteria",
        )  # fmt: skip


class NewJudgeRunSerializer(serializers.Serializer[Any]):
    """Judge a snapshot, or a set as it is now."""

    version = serializers.UUIDField(help_text="A published rubric version.")
    judge = serializers.UUIDField()
    snapshot = serializers.UUIDField(required=False)
    collection = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(**MEMBERS.range, required=False)
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("snapshot" in attrs) == ("collection" in attrs):
            raise serializers.ValidationError("Give a snapshot or a collection.")
        return attrs


class JudgeScoreSerializer(serializers.ModelSerializer[Score]):
    score_status = serializers.CharField(source="status", read_only=True)

    class Meta:
        model = Score
        fields = (
            "criterion_uid", "criterion_hash", "score_status", "value", "expected", "rationale",
            "reason",
        )  # fmt: skip


class ResultSerializer(serializers.ModelSerializer[JudgeItem]):
    state = serializers.CharField(read_only=True)
    scores = JudgeScoreSerializer(many=True, help_text="Null if they are hidden from you.")
    scores_hidden = serializers.BooleanField()
    total = serializers.FloatField(allow_null=True)
    error = serializers.CharField(source="reason", help_text="Empty if it is hidden from you.")

    class Meta:
        model = JudgeItem
        fields = (
            "position", "target", "state", "rating", "scores", "scores_hidden", "total", "error",
            "ended_at",
        )  # fmt: skip


class FitViewSet(RunViewSet):
    queryset = FitRun.objects.none()
    serializer_class = FitSerializer
    filterset_class = FitFilter

    def rows(self) -> QuerySet[FitRun]:
        return queries.fit_runs_of(self.member)

    @extend_schema(
        request=NewFitSerializer, responses={201: FitSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewFitSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        run = services.fit_start(
            project=self.member.project,
            actor=self.member.user,
            key=idempotency_key(request),
            version=published_for(self.member, asked.pop("version")),
            **asked,
        )
        return self.shown(run.pk, status=201)


class JudgeRunViewSet(RunViewSet):
    queryset = JudgeRun.objects.none()
    serializer_class = JudgeRunSerializer
    detail_serializer_class = JudgeRunDetailSerializer
    filterset_class = JudgeRunFilter

    def rows(self) -> QuerySet[JudgeRun]:
        return queries.judge_runs_of(self.member.project)

    @extend_schema(
        request=NewJudgeRunSerializer,
        responses={201: JudgeRunDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewJudgeRunSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked, member = given.validated_data, self.member
        common: dict[str, Any] = {
            "project": member.project,
            "actor": member.user,
            "key": idempotency_key(request),
            "version": published_for(member, asked["version"]),
            "judge": judge_for(member, asked["judge"]),
        }
        if "snapshot" in asked:
            snapshot = snapshot_for(member, asked["snapshot"])
            run = services.judge_start(**common, snapshot=snapshot)
        else:
            run = services.judge_collection(
                **common,
                collection=collection_for(member, asked["collection"]),
                limit=asked.get("limit"),
                seed=asked["seed"],
            )
        return self.shown(run.pk, status=201)

    def one(self, pk: UUID) -> JudgeRun:
        run: Any = judge_run_for(self.member, pk)
        run.state = queries.state_of(run, self.member)
        return run


class JudgeResultViewSet(ProjectViewSet):
    """The result for each text of a judge run."""

    queryset = JudgeItem.objects.none()
    serializer_class = ResultSerializer
    filterset_class = JudgeItemFilter
    pagination_class = ByPosition
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": JUDGING_READERS}

    def list(self, request: Request, **kwargs: Any) -> Response:
        run = judge_run_for(self.member, kwargs["id"])
        page = self.paginate_queryset(self.filter_queryset(queries.results_of(run)))
        rows = queries.with_scores(run, page or [], self.member)
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(f"{P}fits/", FitViewSet, "api_fit"),
    *run_paths(f"{P}judge-runs/", JudgeRunViewSet, "api_judge_run"),
    path(
        P + "judge-runs/<uuid:id>/results/",
        JudgeResultViewSet.as_view({"get": "list"}),
        name="api_judge_run_results",
    ),
]
