from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="training.work_on_evaluation", base=RunTask)
def work_on_evaluation(run_id: str) -> None:
    from training.evaluation import work

    work.work(run_id)
