"""The Celery application. Messages only wake a worker: the work itself is claimed from rows."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("kardia")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
