"""Tasks by feature; Celery finds them through this package."""

from annotation.tasks import generation, impact, imports, judging

__all__ = ["generation", "impact", "imports", "judging"]
