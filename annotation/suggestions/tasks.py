from celery import shared_task

from annotation.suggestions import work


@shared_task(name="annotation.work_on_suggestions")
def work_on_suggestions(run_id: str) -> None:
    work.work(run_id)
