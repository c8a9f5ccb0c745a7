"""What the pages of judge runs and fits show while they work."""

from collections.abc import Sequence

from django.urls import reverse

from annotation.judge_runs import queries
from annotation.models import FitRun, JudgeRun
from annotation.roles import JUDGING_READERS
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

JUDGING_PARTS = ("head", "progress", "columns", "latest", "failures")


def register() -> None:
    registry.register(
        registry.Kind(JudgeRun, render_judging, JUDGING_READERS, queries.counts, _judge_run)
    )
    registry.register(registry.Kind(FitRun, render_fit, JUDGING_READERS, None, _fit_run))


def render_judging(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, JudgeRun)  # noqa: S101  (registered for this model)
    state = queries.state_of(run, member)
    return render_parts("judging", JUDGING_PARTS, run=run, member=member, state=state)


def render_fit(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, FitRun)  # noqa: S101  (registered for this model)
    state = queries.fit_state_of(run)
    return render_parts("judging", ("fit",), run=run, member=member, state=state)


def _judge_run(run: Run) -> str:
    return reverse("judge_run", kwargs={"project_id": run.project_id, "run_id": run.pk})


def _fit_run(run: Run) -> str:
    return reverse("fit_run", kwargs={"project_id": run.project_id, "run_id": run.pk})
