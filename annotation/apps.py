from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self) -> None:
        from annotation import live
        from annotation.queries.carrying import count_ratings
        from rubrics import carrying

        live.register()
        carrying.register(count_ratings)
