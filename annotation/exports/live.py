"""What the page of an export shows while it works, and the tables of this app."""

from collections.abc import Sequence

from annotation.exports import queries
from annotation.exports.adjudication_preferences import ADJUDICATION_PREFERENCES
from annotation.exports.adjudications import ADJUDICATIONS
from annotation.exports.agreement import AGREEMENT
from annotation.exports.attempts import ATTEMPTS
from annotation.exports.dialogues import DIALOGUES
from annotation.exports.judge_scores import JUDGE_SCORES
from annotation.exports.levels_by_item import LEVELS_BY_ITEM
from annotation.exports.ratings import RATINGS
from annotation.exports.refinement_preferences import REFINEMENT_PREFERENCES
from annotation.exports.registry import register as register_tables
from annotation.exports.sft import SFT
from annotation.models import ExportRun
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

# In the order in which the page lists them.
TABLES = (
    DIALOGUES,
    RATINGS,
    JUDGE_SCORES,
    AGREEMENT,
    LEVELS_BY_ITEM,
    ADJUDICATIONS,
    ATTEMPTS,
    SFT,
    REFINEMENT_PREFERENCES,
    ADJUDICATION_PREFERENCES,
)
EXPORT_PARTS = ("head", "progress")


def register() -> None:
    register_tables(*TABLES)
    registry.register(
        registry.Kind(
            model=ExportRun,
            render=render_export,
            url=registry.page("export"),
            readers=tuple(Role),
            starters=tuple(Role),
            progress=queries.counts,
            is_listed=False,
            is_personal=True,
        )
    )


def render_export(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, ExportRun)  # noqa: S101  (registered for this model)
    state = queries.state_of(run)
    return render_parts("exports", EXPORT_PARTS, run=run, member=member, state=state)
