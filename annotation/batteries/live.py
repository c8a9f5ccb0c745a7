"""What the page of a battery run shows while the judge works."""

from collections.abc import Sequence

from annotation.batteries import queries
from annotation.batteries.access import battery_run_for
from annotation.batteries.results import state_of
from annotation.batteries.services import require_resumable
from annotation.models import BatteryRun
from annotation.roles import JUDGING_READERS, RUN_STARTERS
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

PARTS = ("head", "progress", "results")


def register() -> None:
    registry.register(
        registry.Kind(
            model=BatteryRun,
            render=render,
            url=registry.page("battery_run"),
            readers=JUDGING_READERS,
            starters=RUN_STARTERS,
            progress=queries.counts,
            left_out=queries.failed_among,
            require=require_resumable,
        )
    )


def render(run: Run, member: Member) -> Sequence[str]:
    row = battery_run_for(member, run.pk)
    state = state_of(row, member)
    return render_parts("batteries", PARTS, run=row, member=member, state=state)
