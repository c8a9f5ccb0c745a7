from celery import shared_task


@shared_task(name="training.work_on_training")
def work_on_training(run_id: str) -> None:
    from training import supervisor

    supervisor.work(run_id)
