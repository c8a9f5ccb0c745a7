"""The evaluation that a training run ends with: what it began with and what it made, by the judges
that were chosen before it began."""

from django.db import transaction

from training.checkpoints.services import checkpoint_serve
from training.evaluation.services import evaluation_start_on
from training.models import Checkpoint, EvaluationRun, TrainingRun
from webapp.accounts.models import User
from webapp.errors import Refused
from webapp.llm.models import Endpoint
from webapp.runs import live
from webapp.runs import services as runs
from webapp.runs.models import Run, Status


def is_due(run: TrainingRun) -> bool:
    """Whether a run that has finished ends with an evaluation; of a plan only the second one."""
    return run.then_snapshot_id is None and run.evaluation_judges.exists()


def ending_start(*, run: TrainingRun, actor: User, replaces: Run | None = None) -> EvaluationRun:
    """Queue the evaluation of a run's base and its last checkpoint on its held-out prompts; of the
    base, SFT's and GRPO's last checkpoint for a plan. What is not served yet is served by the local
    model server. Called again, it returns the evaluation that is there. Raises Refused where a
    model can't be served, and what `evaluation_start_on` and `runs.start` do."""
    key = f"after-{run.pk.hex}"
    with transaction.atomic():
        # Before anything else is looked at: what was removed since it started matters no more, and
        # nothing is served for it again.
        known = runs.started_before(EvaluationRun, project=run.project, key=key)
        if known is not None:
            return known
        (method,) = {"sft", "grpo"} & set(run.settings)
        started = evaluation_start_on(
            project=run.project,
            actor=actor,
            key=key,
            snapshot=run.held_out_snapshot,
            version=run.version,
            judges=[
                row.judge
                for row in run.evaluation_judges.select_related("judge__endpoint").order_by("pk")
            ],
            endpoints=[_served(checkpoint, actor) for checkpoint in _compared(run)],
            with_corpus=False,
            max_tokens=run.settings[method]["max_completion_tokens"],
            # Without randomness: what differs is the model.
            temperature=0.0,
            seed=run.settings["seed"],
            training=run,
            replaces=replaces,
        )
        TrainingRun.objects.filter(pk=run.pk).update(evaluation_problem="")
        live.publish(run.topic)
    return started


def ending_retry(*, run: TrainingRun, actor: User) -> EvaluationRun:
    """Start the evaluation of a finished run again, after it could not. Raises Refused for a run
    that has not finished or was started without judges for it, and what `ending_start` does: the
    reason is kept for the run's page."""
    if run.status != Status.SUCCEEDED:
        raise Refused(f"{run} has not finished. Its evaluation starts when it has.", code="open")
    if not is_due(run):
        raise Refused(
            f"{run} does not end with an evaluation. Start one on the page Evaluation.",
            code="no_judges",
        )
    try:
        return ending_start(run=run, actor=actor)
    except Refused as refusal:
        note_problem(run, refusal)
        raise


def note_problem(run: TrainingRun, refusal: Refused) -> None:
    """Keep why the evaluation could not start, unless somebody else has just started it. The run
    is finished all the same."""
    with transaction.atomic():
        unstarted = TrainingRun.objects.filter(pk=run.pk, evaluation=None)
        unstarted.update(evaluation_problem=str(refusal))
        live.publish(run.topic)


def _compared(run: TrainingRun) -> list[Checkpoint]:
    """What the run began with, first, and its last checkpoint."""
    last = run.checkpoints.filter(step=run.steps_total).first()
    if last is None:
        raise Refused(f"The last checkpoint of {run} has been deleted.", code="no_model")
    return [*([run.follows.base] if run.follows is not None else []), run.base, last]


def _served(checkpoint: Checkpoint, actor: User) -> Endpoint:
    """Where the checkpoint answers. One that is served already is used as it is."""
    endpoint: Endpoint | None = checkpoint.endpoint
    if endpoint is not None and endpoint.archived_at is None:
        return endpoint
    try:
        return checkpoint_serve(checkpoint=checkpoint, actor=actor)
    except OSError:
        raise Refused(f"The files of “{checkpoint}” can’t be read.", code="no_model") from None
