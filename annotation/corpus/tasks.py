from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_import", base=RunTask)
def work_on_import(run_id: str) -> None:
    from annotation.corpus import work

    work.work(run_id)
