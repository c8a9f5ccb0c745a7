"""What the studio's training runs show while they work."""

from collections.abc import Sequence
from uuid import UUID

from training.access import TRAINERS
from training.demo.replay import is_gone, require_recording
from training.evaluation.of_training import ending_of
from training.gate.checks import sees_gates
from training.models import TrainingRun
from training.queries import rollouts, series
from training.queries import runs as queries
from training.reward_judges import require_judge
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

PARTS = ("state", "evaluation", "latest_rollouts")


def register() -> None:
    registry.register(
        registry.Kind(
            model=TrainingRun,
            render=render,
            url=registry.page("training_run"),
            readers=TRAINERS,
            starters=TRAINERS,
            progress=progress,
            require=require_resumable,
            still_changes=is_evaluated_now,
        )
    )


def require_resumable(run: TrainingRun) -> None:
    """Raises Refused where what the run pins is not there any more."""
    if run.recorded is not None:
        require_recording(run)
    else:
        require_judge(run)


def render(run: Run, member: Member) -> Sequence[str]:
    row = queries.runs_of(member.project).get(pk=run.pk)
    return render_parts(
        "training",
        PARTS,
        run=row,
        member=member,
        state=queries.state_of(row),
        is_gone=is_gone(row),
        ending=ending_of(row, member),
        rollouts=queries.rollouts_of(row, member),
        hidden=rollouts.count_hidden(row, member),
        sees_gates=sees_gates(member),
    )


def is_evaluated_now(run: Run) -> bool:
    """Whether the evaluation that the run ended with is still at work."""
    assert isinstance(run, TrainingRun)  # noqa: S101  (registered for this model)
    ending = queries.ending(run)
    return ending is not None and not ending.is_ended


def progress(runs: Sequence[TrainingRun]) -> dict[UUID, tuple[int, int | None]]:
    last = series.last_steps(runs)
    return {run.pk: (last.get(run.pk, 0), run.steps_total) for run in runs}
