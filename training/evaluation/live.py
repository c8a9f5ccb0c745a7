"""What the page of an evaluation shows while it works."""

from collections.abc import Sequence

from rubrics.judges.queries import require_unchanged
from training.access import TRAINERS
from training.comparisons.queries import chosen_in
from training.evaluation import queries
from training.models import EvaluationRun
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

PARTS = ("head", "finding", "progress", "links", "results", "people")


def register() -> None:
    registry.register(
        registry.Kind(
            model=EvaluationRun,
            render=render,
            url=registry.page("evaluation"),
            readers=TRAINERS,
            starters=TRAINERS,
            progress=queries.counts,
            left_out=queries.failed_among,
            require=require_judges,
        )
    )


def require_judges(run: EvaluationRun) -> None:
    """Raises Refused where one of the judges is not what the evaluation pins any more."""
    for row in run.judges.select_related("judge__endpoint"):
        require_unchanged(row.judge)


def render(run: Run, member: Member) -> Sequence[str]:
    row = queries.evaluations_of(member.project).get(pk=run.pk)
    state = queries.state_of(row, member)
    chosen = chosen_in(row, member)
    return render_parts("evaluation", PARTS, run=row, member=member, state=state, chosen=chosen)
