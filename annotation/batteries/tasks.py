from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_battery", base=RunTask)
def work_on_battery(run_id: str) -> None:
    from annotation.batteries import work

    work.work(run_id)
