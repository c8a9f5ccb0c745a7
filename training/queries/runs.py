"""What the pages of training runs show."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from statistics import fmean
from uuid import UUID

from django.db.models import IntegerField, Max, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation.judge_runs.queries import paused_of
from training.models import (
    Checkpoint,
    EvaluationRun,
    Metric,
    Rollout,
    TrainingEvaluationJudge,
    TrainingRun,
)
from training.paths import LOG, SPEC, folder_of
from training.queries import rollouts, series
from training.queries.rollouts import RolloutView
from training.queries.series import Charts
from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.embedded.process import last_lines
from webapp.llm.models import Endpoint
from webapp.llm.usage import Usage, usage_of_run

# Steps whose mean time tells the time left.
RECENT_STEPS = 20
LOG_LINES = 400


@dataclass(frozen=True)
class Progress:
    """How far a run is. `step_s` is how long a step lately took, `left` what remains."""

    done: int
    total: int
    rollouts: int
    step_s: float | None
    left: timedelta | None
    took: timedelta | None
    judge_failures: int


@dataclass(frozen=True)
class Part:
    """One part of the reward with its weight as people say it, such as 1/3."""

    name: str
    label: str
    weight: str


@dataclass(frozen=True)
class Recorded:
    """Where and when a run trained that is only shown here, and for how long."""

    machine: str
    on: date
    took: timedelta


@dataclass(frozen=True)
class RunState:
    """A training run as its page shows it now."""

    run: TrainingRun
    progress: Progress
    charts: Charts
    parts: list[Part]
    checkpoints: list[Checkpoint]
    has_spec: bool
    following: TrainingRun | None
    usage: Usage
    # Endpoints that the trainer leaves alone for now.
    paused: list[Endpoint]
    # None for a run that this studio trains.
    recorded: Recorded | None

    @property
    def checkpoint(self) -> Checkpoint | None:
        return self.checkpoints[0] if self.checkpoints else None

    @property
    def endpoints(self) -> list[UUID]:
        """Where base and last checkpoint answer, to evaluate them; empty unless both do."""
        ids = [self.run.base.endpoint_id, self.checkpoint and self.checkpoint.endpoint_id]
        found = [pk for pk in ids if pk]
        return found if len(found) == len(ids) else []

    @property
    def checkpoint_age(self) -> timedelta | None:
        return timezone.now() - self.checkpoint.created_at if self.checkpoint else None


def runs_of(project: Project) -> QuerySet[TrainingRun]:
    """The newest first, each with its pins and the steps it has `done`."""
    steps = (
        Metric.objects.filter(run=OuterRef("pk"))
        .order_by()
        .values("run")
        .annotate(last=Max("step"))
        .values("last")
    )
    return (
        TrainingRun.objects.filter(project=project)
        .select_related(
            "project", "base", "judge__endpoint", "spec", "version__rubric", "created_by",
            "train_snapshot__collection", "held_out_snapshot__collection", "validation_snapshot",
            "follows__base", "followed_by", "evaluation",
        )
        .prefetch_related(
            Prefetch(
                "evaluation_judges",
                TrainingEvaluationJudge.objects.select_related("judge").order_by("pk"),
            )
        )
        .annotate(done=Coalesce(Subquery(steps, IntegerField()), 0))
        .order_by("-number")
    )  # fmt: skip


def following(run: TrainingRun) -> TrainingRun | None:
    """The second run of a plan, once it was started."""
    return getattr(run, "followed_by", None)


def ending(run: TrainingRun) -> EvaluationRun | None:
    """The evaluation that a run ends with, once it was started."""
    return getattr(run, "evaluation", None)


def progress_of(run: TrainingRun) -> Progress:
    done = series.last_steps([run]).get(run.pk, 0)
    recent = list(
        Metric.objects.filter(run=run, name="step_time_s", step__gt=done - RECENT_STEPS)
        .values_list("value", flat=True)
    )  # fmt: skip
    step_s = fmean(recent) if recent else None
    failures = Metric.objects.filter(run=run, name="judge_failures").aggregate(n=Sum("value"))["n"]
    return Progress(
        done=done,
        total=run.steps_total,
        rollouts=Rollout.objects.filter(run=run).count(),
        step_s=step_s,
        left=timedelta(seconds=(run.steps_total - done) * step_s)
        if step_s is not None and not run.is_ended
        else None,
        took=_took(run),
        judge_failures=int(failures or 0),
    )


def _took(run: TrainingRun) -> timedelta | None:
    """How long the run has worked; None before its start. A replay takes no time of its own."""
    if (recorded := recorded_of(run)) is not None:
        return recorded.took
    return (run.ended_at or timezone.now()) - run.started_at if run.started_at else None


def state_of(run: TrainingRun) -> RunState:
    progress = progress_of(run)
    return RunState(
        run=run,
        progress=progress,
        charts=series.charts_of(run, last=progress.done),
        parts=_parts(run),
        checkpoints=list(run.checkpoints.order_by("-step")),
        has_spec=(folder_of(run) / SPEC).exists(),
        following=following(run),
        usage=usage_of_run(run.pk),
        paused=[] if run.is_ended or run.judge is None else paused_of(run.judge),
        recorded=recorded_of(run),
    )


def recorded_of(run: TrainingRun) -> Recorded | None:
    if run.recorded is None:
        return None
    return Recorded(
        machine=run.recorded["machine"],
        on=date.fromisoformat(run.recorded["date"]),
        took=timedelta(seconds=run.recorded["took_s"]),
    )


def rollouts_of(
    run: TrainingRun, member: Member, *, step: int | None = None, prompt: int | None = None
) -> RolloutView | None:
    return rollouts.view_of(run, member, step=step, prompt=prompt)


def log_of(run: TrainingRun) -> str:
    """The end of what the trainer printed."""
    return last_lines(folder_of(run) / LOG, LOG_LINES)


def seconds_a_reply(project: Project) -> float | None:
    """What a reply lately took to write and to score in this project; None before any run. One that
    was recorded tells of another machine."""
    latest = (
        Metric.objects.filter(
            run__project=project,
            run__method=TrainingRun.Method.GRPO,
            run__recorded__isnull=True,
            name="step_time_s",
        )
        .order_by("-run__number")
        .values_list("run", flat=True)
        .first()
    )
    if latest is None:
        return None
    run = TrainingRun.objects.get(pk=latest)
    step_s = progress_of(run).step_s
    grpo = run.settings["grpo"]
    a_step = grpo["prompts_per_step"] * grpo["rollouts_per_prompt"]
    return step_s / a_step if step_s is not None else None


def _parts(run: TrainingRun) -> list[Part]:
    weights = run.settings["reward"]
    return [
        Part(name, series.LABELS[name], _as_fraction(weights[name]))
        for name in ("format", "emotion", "rubric")
    ]


def _as_fraction(weight: float) -> str:
    """1/3 for a third; the plain number where no small fraction is meant."""
    near = Fraction(weight).limit_denominator(12)
    return str(near) if abs(float(near) - weight) < 1e-6 else f"{weight:.3g}"
