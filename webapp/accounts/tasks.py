from celery import shared_task

from webapp.accounts.services import deletion


@shared_task(name="accounts.purge_projects")
def purge_projects() -> int:
    return deletion.purge_projects()
