from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="training.work_on_fetch", base=RunTask)
def work_on_fetch(run_id: str) -> None:
    from training.checkpoints import work

    work.work(run_id)
