from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "webapp.runs"
    label = "runs"

    def ready(self) -> None:
        # The web process sends tasks too, so it needs the configured Celery application.
        import webapp.celery  # noqa: F401
