"""The API of this app, below `/api/`."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("annotation.corpus.api")),
    path("", include("annotation.sets.api")),
    path("", include("annotation.queues.api")),
    path("", include("annotation.comparisons.api")),
    path("", include("annotation.desk.api")),
    path("", include("annotation.adjudication.api")),
    path("", include("annotation.agreement.api")),
    path("", include("annotation.generation.api")),
    path("", include("annotation.judge_runs.api")),
    path("", include("annotation.batteries.api")),
    path("", include("annotation.calls.api")),
    path("", include("annotation.impact.api")),
    path("", include("annotation.suggestions.api")),
    path("", include("annotation.exports.api")),
    path("", include("annotation.difficulty.api")),
]
