from celery import shared_task

from annotation.models import ImpactRun, PlaygroundRun


@shared_task(name="annotation.work_on_playground")
def work_on_playground(run_id: str) -> None:
    from annotation.impact import work

    work.work(PlaygroundRun, run_id)


@shared_task(name="annotation.work_on_impact")
def work_on_impact(run_id: str) -> None:
    from annotation.impact import work

    work.work(ImpactRun, run_id)
