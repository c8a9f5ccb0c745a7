"""The API of judges on the battery: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.batteries.access import battery_run_for
from annotation.batteries.queries import battery_runs_of
from annotation.batteries.results import report_of, state_of
from annotation.batteries.services import battery_start
from annotation.models import BatteryRun
from rubrics.access import published_for
from rubrics.judges.access import judge_for
from rubrics.judging.battery.report import to_json
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


class BatteryFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)
    judge = django_filters.UUIDFilter(field_name="judge_id")
    version = django_filters.UUIDFilter(field_name="version_id")

    class Meta:
        model = BatteryRun
        fields: ClassVar[list[str]] = []


class BatterySerializer(serializers.ModelSerializer[BatteryRun]):
    spec_hash = serializers.CharField(source="spec.hash")
    planned = serializers.IntegerField(help_text="Replies of the battery.")
    done = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Replies without a score.")
    passed = serializers.SerializerMethodField(help_text="Null until every reply was judged.")

    class Meta:
        model = BatteryRun
        fields = (
            *RUN_FIELDS, "version", "spec_hash", "judge", "cases_hash", "planned", "done", "failed",
            "passed",
        )  # fmt: skip

    @extend_schema_field(serializers.BooleanField(allow_null=True))
    def get_passed(self, run: BatteryRun) -> bool | None:
        return None if run.report is None else run.report["passed"]


class WorstCaseSerializer(serializers.Serializer[Any]):
    case = serializers.CharField()
    total = serializers.FloatField()
    wrong = serializers.CharField(help_text="What it got, and what it may get.")
    reply = serializers.CharField(help_text="How the reply begins.")


class BatteryGroupSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    origin = serializers.CharField(help_text="“code” or “written”.")
    n = serializers.IntegerField()
    unscored = serializers.IntegerField(help_text="Without a total. They count in no other figure.")
    mean_total = serializers.FloatField(allow_null=True)
    wrong = serializers.IntegerField(
        help_text="Attacks that got more than they may, or plain replies that got less than they "
        "must."
    )
    share_wrong = serializers.FloatField(allow_null=True)
    worst = WorstCaseSerializer(
        many=True, help_text="Without those that say what a text says which you still have to rate."
    )


class BatteryReportSerializer(serializers.Serializer[Any]):
    format = serializers.CharField()
    format_version = serializers.IntegerField()
    spec_hash = serializers.CharField()
    cases_hash = serializers.CharField(
        help_text="Of all cases. Reports with another hash can’t be compared."
    )
    held_to_levels = serializers.ListField(child=serializers.CharField())
    groups = BatteryGroupSerializer(many=True)
    median_own = serializers.FloatField(
        allow_null=True, help_text="The median total of the written corpus’s own replies."
    )
    human_capped = serializers.FloatField(
        allow_null=True, help_text="The share of plain replies that got less than they must."
    )
    passed = serializers.BooleanField()
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="Why the battery is not passed."
    )


class BatteryDetailSerializer(BatterySerializer):
    planned = serializers.IntegerField(source="state.progress.total")
    done = serializers.IntegerField(source="state.progress.done")
    failed = serializers.IntegerField(source="state.failed")
    verdict = serializers.CharField(source="state.verdict", help_text="In a sentence.")
    progress = RunProgressSerializer(source="state.progress")
    usage = UsageSerializer(source="state.usage")
    report = serializers.SerializerMethodField(help_text="Null until every reply was judged.")

    class Meta(BatterySerializer.Meta):
        fields = (*BatterySerializer.Meta.fields, "verdict", "progress", "usage", "report")

    @extend_schema_field(BatteryReportSerializer(allow_null=True))
    def get_report(self, run: BatteryRun) -> dict[str, Any] | None:
        found = report_of(run, self.context["view"].member)
        return to_json(found) if found else None


class NewBatterySerializer(serializers.Serializer[Any]):
    judge = serializers.UUIDField()
    version = serializers.UUIDField(
        required=False,
        help_text="A published rubric version. Without one it is the newest that the judge can "
        "score.",
    )


class BatteryViewSet(RunViewSet):
    """Judges on the battery: replies that no judge should reward, and plain human replies that
    every judge should accept."""

    queryset = BatteryRun.objects.none()
    serializer_class = BatterySerializer
    detail_serializer_class = BatteryDetailSerializer
    filterset_class = BatteryFilter

    def rows(self) -> QuerySet[BatteryRun]:
        return battery_runs_of(self.member.project)

    @extend_schema(
        request=NewBatterySerializer,
        responses={201: BatteryDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewBatterySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked, member = given.validated_data, self.member
        run = battery_start(
            project=member.project,
            actor=member.user,
            key=idempotency_key(request),
            judge=judge_for(member, asked["judge"]),
            version=published_for(member, asked["version"]) if "version" in asked else None,
        )
        return self.shown(run.pk, status=201)

    def one(self, pk: UUID) -> BatteryRun:
        run: Any = battery_run_for(self.member, pk)
        run.state = state_of(run, self.member)
        return run


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = run_paths(
    f"{P}batteries/", BatteryViewSet, "api_battery"
)
