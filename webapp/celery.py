"""The Celery application. Messages only wake a worker: the work itself is claimed from rows."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_before_create_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("kardia")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_before_create_process.connect
def share_memory(**_: Any) -> None:
    """What is loaded stays to the end: it is not looked through for garbage, so that the processes
    of a worker share its pages."""
    gc.freeze()
