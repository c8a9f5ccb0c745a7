from celery import shared_task

from annotation.work import fitting, judging


@shared_task(name="annotation.work_on_judging")
def work_on_judging(run_id: str) -> None:
    judging.work(run_id)


@shared_task(name="annotation.work_on_fit")
def work_on_fit(run_id: str) -> None:
    fitting.work(run_id)
