"""The evaluation that a training run ends with, as the run's page shows it."""

from dataclasses import dataclass

from rubrics.models import Judge
from training.evaluation.queries import State, View, evaluations_of, state_of
from training.models import Checkpoint, EvaluationRun, TrainingRun
from training.queries.runs import ending
from webapp.accounts.access import Member
from webapp.runs.models import Status


@dataclass(frozen=True)
class Ending:
    """`judges` were chosen before the run began; `run` and `state` are None until it is started.

    `view` has the results of a judge that was not the reward; None where there are none (yet), or
    where this person still has to rate all of the prompts."""

    judges: list[Judge]
    run: EvaluationRun | None
    state: State | None
    # It could not start, and a person can try again.
    can_start: bool

    @property
    def view(self) -> View | None:
        views = self.state.views if self.state else []
        return next((view for view in views if not view.table.is_reward), None)

    @property
    def more(self) -> int:
        """How many judges have results on the evaluation's own page only."""
        return len(self.state.views) - bool(self.view) if self.state else 0


def latest_of(checkpoint: Checkpoint) -> EvaluationRun | None:
    """The last finished evaluation in which a checkpoint answered; None where there is none."""
    if checkpoint.endpoint_id is None:
        return None
    finished = EvaluationRun.objects.filter(
        status=Status.SUCCEEDED, systems__endpoint=checkpoint.endpoint_id
    )
    return finished.select_related("spec").order_by("-number").first()


def ending_of(training: TrainingRun, member: Member) -> Ending:
    """`training` as `runs_of` gives it."""
    judges = [row.judge for row in training.evaluation_judges.all()]
    started = ending(training)
    run = evaluations_of(member.project).get(pk=started.pk) if started else None
    return Ending(
        judges=judges,
        run=run,
        state=state_of(run, member) if run else None,
        can_start=run is None
        and bool(judges)
        and training.then_settings is None
        and training.status == Status.SUCCEEDED,
    )
