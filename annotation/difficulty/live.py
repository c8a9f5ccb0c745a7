"""What the page of a difficulty run shows while it works."""

from collections.abc import Sequence

from annotation.difficulty import queries
from annotation.models import DifficultyRun
from annotation.roles import RUN_STARTERS
from rubrics.judges.queries import require_unchanged
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

PARTS = ("head", "progress", "results")


def register() -> None:
    registry.register(
        registry.Kind(
            model=DifficultyRun,
            render=render,
            url=registry.page("difficulty_run"),
            readers=RUN_STARTERS,
            starters=RUN_STARTERS,
            progress=queries.counts,
            left_out=queries.failed_among,
            require=lambda run: require_unchanged(run.judge),
        )
    )


def render(run: Run, member: Member) -> Sequence[str]:
    row = queries.runs_of(member.project).get(pk=run.pk)
    state = queries.state_of(row, member)
    return render_parts("difficulty", PARTS, run=row, member=member, state=state)
