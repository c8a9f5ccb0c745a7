from celery import shared_task


@shared_task(name="annotation.work_on_import")
def work_on_import(run_id: str) -> None:
    from annotation.corpus import work

    work.work(run_id)
