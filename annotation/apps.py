from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"

    def ready(self) -> None:
        from annotation.batteries import live as batteries
        from annotation.calls.queries import visible_calls
        from annotation.corpus import live as corpus
        from annotation.difficulty import live as difficulty
        from annotation.exports import live as exports
        from annotation.generation import live as generation
        from annotation.impact import live as impact
        from annotation.judge_runs import live as judge_runs
        from annotation.ratings.carried_ratings import count_ratings
        from annotation.suggestions import live as suggestions
        from rubrics.versions import carried_ratings
        from webapp.llm import visible_calls as llm

        features = (
            corpus,
            generation,
            judge_runs,
            batteries,
            impact,
            suggestions,
            exports,
            difficulty,
        )
        for feature in features:
            feature.register()
        carried_ratings.register(count_ratings)
        llm.register(visible_calls)
