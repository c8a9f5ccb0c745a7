from celery import shared_task

from annotation.work import imports


@shared_task(name="annotation.work_on_import")
def work_on_import(run_id: str) -> None:
    imports.work(run_id)
