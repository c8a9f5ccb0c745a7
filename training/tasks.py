"""Celery finds the tasks of the features through this module."""

from celery import shared_task

from training.checkpoints import tasks as checkpoints
from training.evaluation import tasks as evaluation
from webapp.runs.turns import RunTask

__all__ = ["checkpoints", "evaluation", "work_on_training"]


@shared_task(name="training.work_on_training", base=RunTask)
def work_on_training(run_id: str) -> None:
    from training import supervisor

    supervisor.work(run_id)
