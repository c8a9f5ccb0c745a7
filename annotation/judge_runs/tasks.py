from celery import shared_task

from annotation.judge_runs import fitting, work


@shared_task(name="annotation.work_on_judging")
def work_on_judging(run_id: str) -> None:
    work.work(run_id)


@shared_task(name="annotation.work_on_fit")
def work_on_fit(run_id: str) -> None:
    fitting.work(run_id)
