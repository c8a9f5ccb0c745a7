from celery import shared_task


@shared_task(name="training.work_on_fetch")
def work_on_fetch(run_id: str) -> None:
    from training.checkpoints import work

    work.work(run_id)
