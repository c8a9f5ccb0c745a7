from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from training import exports, live, sample

        live.register()
        sample.register()
        exports.register()
