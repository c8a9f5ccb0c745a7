"""Tasks by feature; Celery finds them through this package."""

from annotation.tasks import generation, imports, judging

__all__ = ["generation", "imports", "judging"]
