from celery import shared_task


@shared_task(name="training.work_on_evaluation")
def work_on_evaluation(run_id: str) -> None:
    from training.evaluation import work

    work.work(run_id)
