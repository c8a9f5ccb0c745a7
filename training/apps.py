from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from training import exports, hidden, live, sample
        from training.checkpoints import deleted_projects, serving
        from training.checkpoints import live as checkpoints
        from training.comparisons import exports as comparisons
        from training.evaluation import exports as evaluation_exports
        from training.evaluation import hidden as hidden_answers
        from training.evaluation import live as evaluation

        live.register()
        evaluation.register()
        sample.register()
        checkpoints.register()
        deleted_projects.register()
        serving.register()
        exports.register()
        hidden.register()
        hidden_answers.register()
        comparisons.register()
        evaluation_exports.register()
