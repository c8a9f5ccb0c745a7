from celery import shared_task


@shared_task(name="annotation.work_on_suggestions")
def work_on_suggestions(run_id: str) -> None:
    from annotation.suggestions import work

    work.work(run_id)
