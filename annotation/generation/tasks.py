from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_generation", base=RunTask)
def work_on_generation(run_id: str) -> None:
    from annotation.generation import work

    work.work(run_id)
