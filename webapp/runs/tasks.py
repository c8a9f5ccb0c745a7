from celery import shared_task

from webapp.runs import services


@shared_task(name="runs.reap")
def reap() -> int:
    return services.reap()
