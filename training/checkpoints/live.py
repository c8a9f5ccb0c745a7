"""What the page of a download shows while it works."""

from collections.abc import Sequence
from uuid import UUID

from training.access import TRAINERS
from training.checkpoints import queries
from training.models import ModelFetch
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

MIB = 2**20


def register() -> None:
    registry.register(
        registry.Kind(
            model=ModelFetch,
            render=render_fetch,
            url=registry.page("model_fetch"),
            readers=TRAINERS,
            starters=TRAINERS,
            progress=megabytes_of,
            require=queries.require_can_go_on,
        )
    )


def render_fetch(run: Run, member: Member) -> Sequence[str]:
    row = queries.fetches_of(member.project).get(pk=run.pk)
    state = queries.fetch_state(row)
    is_packaged = row.source == ModelFetch.Source.PACKAGE
    part = "packaged_state" if is_packaged else "fetch_state"
    return render_parts("checkpoints", (part,), run=row, member=member, state=state)


def megabytes_of(runs: Sequence[ModelFetch]) -> dict[UUID, tuple[int, int | None]]:
    """For lists of runs."""
    return {
        pk: (done // MIB, total and max(total // MIB, 1))
        for pk, (done, total) in queries.bytes_of(runs).items()
    }
