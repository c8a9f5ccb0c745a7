from celery import shared_task


@shared_task(name="annotation.work_on_generation")
def work_on_generation(run_id: str) -> None:
    from annotation.generation import work

    work.work(run_id)
