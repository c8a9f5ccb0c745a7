from celery import shared_task

from annotation.generation import work


@shared_task(name="annotation.work_on_generation")
def work_on_generation(run_id: str) -> None:
    work.work(run_id)
