"""Pages of this app, below `/p/<project_id>/`."""

from django.urls import include, path

urlpatterns = [
    path("", include("annotation.corpus.urls")),
    path("", include("annotation.sets.urls")),
    path("", include("annotation.generation.urls")),
    path("", include("annotation.judge_runs.urls")),
    path("", include("annotation.batteries.urls")),
    path("", include("annotation.calls.urls")),
    path("", include("annotation.queues.urls")),
    path("", include("annotation.comparisons.urls")),
    path("", include("annotation.desk.urls")),
    path("", include("annotation.adjudication.urls")),
    path("", include("annotation.agreement.urls")),
    path("", include("annotation.impact.urls")),
    path("", include("annotation.suggestions.urls")),
    path("", include("annotation.exports.urls")),
    path("", include("annotation.difficulty.urls")),
]
