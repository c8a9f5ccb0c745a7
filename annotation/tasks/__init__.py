"""Tasks by feature; Celery finds them through this package."""

from annotation.tasks import generation, judging

__all__ = ["generation", "judging"]
