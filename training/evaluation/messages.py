"""What an evaluation tells the pages that are open."""

from training.models import EvaluationRun, TrainingRun
from webapp.runs import live


def publish(run: EvaluationRun) -> None:
    """Say on commit that it moved: to its own page, and to that of the training run it belongs
    to."""
    live.publish(run.topic)
    if run.training_id is not None:
        live.publish(TrainingRun(pk=run.training_id).topic)
