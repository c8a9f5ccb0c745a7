"""What the page of an import shows while it works."""

from collections.abc import Sequence

from annotation.corpus import queries
from annotation.models import ImportRun
from annotation.roles import DATA_READERS, DATA_WRITERS
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts


def register() -> None:
    registry.register(
        registry.Kind(
            model=ImportRun,
            render=render_import,
            url=registry.page("import_run"),
            readers=DATA_READERS,
            starters=DATA_WRITERS,
            progress=queries.counts,
        )
    )


def render_import(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, ImportRun)  # noqa: S101  (registered for this model)
    state = queries.import_state(run)
    return render_parts("data", ("import_state",), run=run, member=member, state=state)
