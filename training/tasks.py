from celery import shared_task

from training import supervisor


@shared_task(name="training.work_on_training")
def work_on_training(run_id: str) -> None:
    supervisor.work(run_id)
