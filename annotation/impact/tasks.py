from celery import shared_task

from annotation.models import ImpactRun, PlaygroundRun
from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_playground", base=RunTask)
def work_on_playground(run_id: str) -> None:
    from annotation.impact import work

    work.work(PlaygroundRun, run_id)


@shared_task(name="annotation.work_on_impact", base=RunTask)
def work_on_impact(run_id: str) -> None:
    from annotation.impact import work

    work.work(ImpactRun, run_id)
