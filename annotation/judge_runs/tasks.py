from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_judging", base=RunTask)
def work_on_judging(run_id: str) -> None:
    from annotation.judge_runs import work

    work.work(run_id)


@shared_task(name="annotation.work_on_fit", base=RunTask)
def work_on_fit(run_id: str) -> None:
    from annotation.judge_runs import fitting

    fitting.work(run_id)
