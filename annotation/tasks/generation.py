from celery import shared_task

from annotation.work import generation


@shared_task(name="annotation.work_on_generation")
def work_on_generation(run_id: str) -> None:
    generation.work(run_id)
