from celery import shared_task

from annotation.corpus import work


@shared_task(name="annotation.work_on_import")
def work_on_import(run_id: str) -> None:
    work.work(run_id)
