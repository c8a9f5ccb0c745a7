from celery import shared_task

from webapp.runs.turns import RunTask


@shared_task(name="annotation.work_on_export", base=RunTask)
def work_on_export(run_id: str) -> None:
    from annotation.exports import work

    work.work(run_id)


@shared_task(name="annotation.remove_old_exports")
def remove_old_exports() -> int:
    from annotation.exports import services

    return services.remove_old_files()
