from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_suggestions", base=RunTask)
def work_on_suggestions(run_id: str) -> None:
    from annotation.suggestions import work

    work.work(run_id)
