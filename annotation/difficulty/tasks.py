from celery import shared_task


@shared_task(name="annotation.work_on_difficulty")
def work_on_difficulty(run_id: str) -> None:
    from annotation.difficulty import work

    work.work(run_id)
