"""The clock: `celery -A webapp.beat beat` sends the messages of CELERY_BEAT_SCHEDULE.

It reads the settings and loads none of the studio's code, which takes a third of the memory.
"""

from celery import Celery

app = Celery("kardia-beat")
app.config_from_object("webapp.settings", namespace="CELERY")
