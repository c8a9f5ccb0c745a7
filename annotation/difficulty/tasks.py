from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_difficulty", base=RunTask)
def work_on_difficulty(run_id: str) -> None:
    from annotation.difficulty import work

    work.work(run_id)
