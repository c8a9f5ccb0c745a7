"""What the pages of judge runs and fits show while they work."""

from collections.abc import Sequence

from annotation.judge_runs import queries
from annotation.models import FitRun, JudgeRun
from annotation.roles import JUDGING_READERS, RUN_STARTERS
from rubrics.judges.queries import require_unchanged
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

JUDGING_PARTS = ("head", "progress", "columns", "latest", "failures")


def register() -> None:
    registry.register(
        registry.Kind(
            model=JudgeRun,
            render=render_judging,
            url=registry.page("judge_run"),
            readers=JUDGING_READERS,
            starters=RUN_STARTERS,
            progress=queries.counts,
            left_out=queries.failed_among,
            require=lambda run: require_unchanged(run.judge),
        )
    )
    registry.register(
        registry.Kind(
            model=FitRun,
            render=render_fit,
            url=registry.page("fit_run"),
            readers=JUDGING_READERS,
            starters=RUN_STARTERS,
        )
    )


def render_judging(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, JudgeRun)  # noqa: S101  (registered for this model)
    state = queries.state_of(run, member)
    return render_parts("judging", JUDGING_PARTS, run=run, member=member, state=state)


def render_fit(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, FitRun)  # noqa: S101  (registered for this model)
    state = queries.fit_state_of(run, member)
    return render_parts("judging", ("fit",), run=run, member=member, state=state)
