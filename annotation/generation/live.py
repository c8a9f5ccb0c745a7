"""What the page of a generation run shows while it works."""

from collections.abc import Sequence

from annotation.generation import queries
from annotation.models import GenerationCritic, GenerationRun
from annotation.roles import RUN_STARTERS
from rubrics.judges.queries import require_unchanged
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

GENERATION_PARTS = (
    "head", "progress", "writing", "verdicts", "history", "report", "failures", "dropped",
    "finished",
)  # fmt: skip


def register() -> None:
    registry.register(
        registry.Kind(
            model=GenerationRun,
            render=render_generation,
            url=registry.page("generation_run"),
            readers=RUN_STARTERS,
            starters=RUN_STARTERS,
            progress=queries.counts,
            left_out=queries.failed_among,
            require=require_critic,
        )
    )


def require_critic(run: GenerationRun) -> None:
    """Raises Refused where the judge of the run's critic is not what it pins any more."""
    for critic in GenerationCritic.objects.filter(run=run).select_related("judge__endpoint"):
        require_unchanged(critic.judge)


def render_generation(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, GenerationRun)  # noqa: S101  (registered for this model)
    state = queries.state_of(run, member)
    return render_parts("generation", GENERATION_PARTS, run=run, member=member, state=state)
