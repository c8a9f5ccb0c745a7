"""Tasks by feature; Celery finds them through this package."""
