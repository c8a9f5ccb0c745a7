from django.apps import AppConfig


class ThreadsConfig(AppConfig):
    name = "webapp.threads"
    label = "threads"
