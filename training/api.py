"""The API of training: the same rows and services as the pages, below `/api/`."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, include, path
from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from training import access, services
from training.access import TRAINERS
from training.checkpoints.access import checkpoint_for
from training.evaluation.ending import ending_retry
from training.gate.checks import sees_gates
from training.hidden import visible_rollouts
from training.limits import EQUAL_WEIGHTS, PRESETS
from training.models import Rollout, TrainingRun
from training.queries import runs as queries
from training.queries import series
from training.serializers import (
    MetricsSerializer,
    NewTrainingSerializer,
    RolloutFilter,
    RolloutSerializer,
    TrainingDetailSerializer,
    TrainingFilter,
    TrainingSerializer,
)
from webapp.accounts.project_api import ProjectViewSet
from webapp.runs.api import IDEMPOTENCY_KEY, RunViewSet, idempotency_key, run_paths
from webapp.text import whole_number

MAX_STEPS = 1000


class TrainingViewSet(RunViewSet):
    queryset = TrainingRun.objects.none()
    serializer_class = TrainingSerializer
    detail_serializer_class = TrainingDetailSerializer
    filterset_class = TrainingFilter

    @cached_property
    def sees_gates(self) -> bool:
        return sees_gates(self.member)

    def rows(self) -> QuerySet[TrainingRun]:
        return queries.runs_of(self.member.project)

    @extend_schema(
        request=NewTrainingSerializer,
        responses={201: TrainingDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewTrainingSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked, member = given.validated_data, self.member
        methods = asked["plan"].split("_")
        run = services.training_start_on_set(
            project=member.project,
            actor=member.user,
            key=idempotency_key(request),
            collection=access.collection_for(member, asked["collection"]),
            prompts=asked["prompts"],
            held_out_prompts=asked["held_out_prompts"],
            base=checkpoint_for(member, asked["base"]),
            version=access.version_for(member, asked["version"]),
            judge=access.judge_for(member, asked["judge"]) if asked["judge"] else None,
            reward=asked.get("reward", EQUAL_WEIGHTS),
            sft=asked.get("sft", PRESETS["sft"]) if "sft" in methods else None,
            grpo=asked.get("grpo", PRESETS["grpo"]) if "grpo" in methods else None,
            grpo_collection=access.collection_for(member, asked["grpo_collection"])
            if "grpo_collection" in asked
            else None,
            lora=asked.get("lora"),
            evaluation_judges=[access.judge_for(member, pk) for pk in asked["evaluation_judges"]],
            seed=asked["seed"],
            gate_reason=asked["gate_reason"],
        )
        return self.shown(run.pk, status=201)

    @extend_schema(
        responses=MetricsSerializer,
        parameters=[
            OpenApiParameter("name", str, many=True, description="Which series; all if left out."),
            OpenApiParameter("after", int, description="Steps after this one."),
        ],
    )
    def metrics(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """The series of a run, at most 1,000 steps a time."""
        run = access.run_for(self.member, id)
        labels = series.names_of(run)
        names = request.query_params.getlist("name") or list(labels)
        if unknown := sorted(set(names) - set(labels)):
            raise serializers.ValidationError(
                {"name": [f"There is no series called {unknown[0]}."]}
            )
        points, next_after = series.points_of(run, names, after=_after(request), steps=MAX_STEPS)
        body = {
            "series": [
                {
                    "name": name,
                    "label": labels[name],
                    "points": [{"step": step, "value": value} for step, value in points[name]],
                }
                for name in points
            ],
            "next_after": next_after,
        }
        return Response(MetricsSerializer(body).data)

    @extend_schema(request=None, responses=TrainingDetailSerializer)
    def evaluate(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Start the evaluation of a finished run whose evaluation could not start. The same again
        is the same evaluation. 409 where it can't start now."""
        ending_retry(run=access.run_for(self.member, id), actor=self.member.user)
        return self.shown(id)


class RolloutViewSet(ProjectViewSet):
    """Replies that were sampled and scored; filter by `step` and `prompt_id`. Replies to prompts
    that you still have to rate are left out."""

    queryset = Rollout.objects.none()
    serializer_class = RolloutSerializer
    filterset_class = RolloutFilter
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": TRAINERS}

    def rows(self) -> QuerySet[Rollout]:
        run = access.run_for(self.member, self.kwargs["id"])
        return visible_rollouts(run, self.member)


def _after(request: Request) -> int:
    after = whole_number(request.query_params.get("after", "0"))
    if after is None:
        raise serializers.ValidationError({"after": ["A step must be a whole number."]})
    return after


P = "projects/<uuid:project_id>"
RUN = f"{P}/training/<uuid:id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("training.evaluation.api")),
    path("", include("training.comparisons.api")),
    path("", include("training.checkpoints.api")),
    path("", include("training.gate.api")),
    *run_paths(f"{P}/training/", TrainingViewSet, "api_training"),
    path(
        f"{RUN}/metrics/", TrainingViewSet.as_view({"get": "metrics"}), name="api_training_metrics"
    ),
    path(
        f"{RUN}/evaluate/",
        TrainingViewSet.as_view({"post": "evaluate"}),
        name="api_training_evaluate",
    ),
    path(f"{RUN}/rollouts/", RolloutViewSet.as_view({"get": "list"}), name="api_training_rollouts"),
]
