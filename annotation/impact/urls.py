"""Pages that try a draft, below `/p/<project_id>/`."""

from django.urls import path

from annotation.impact import suggestion_views, views

VERSION = "rubrics/versions/<uuid:version_id>/"

urlpatterns = [
    path(f"{VERSION}playground/", views.playground, name="playground"),
    path(f"{VERSION}playground/texts/", views.playground_texts, name="playground_texts"),
    path("rubrics/playground/<uuid:run_id>/", views.playground_run, name="playground_run"),
    path(f"{VERSION}impact/", views.impact, name="impact"),
    path("rubrics/impact/<uuid:run_id>/", views.impact_run, name="impact_run"),
    path("rubrics/impact/<uuid:run_id>/cancel/", views.impact_cancel, name="impact_cancel"),
    path("rubrics/impact/<uuid:run_id>/resume/", views.impact_resume, name="impact_resume"),
    path(f"{VERSION}suggestions/", suggestion_views.suggestions, name="suggestions"),
    path(
        "rubrics/suggestions/runs/<uuid:run_id>/cancel/",
        suggestion_views.suggestion_cancel,
        name="suggestion_cancel",
    ),
    path(
        "rubrics/suggestions/<uuid:suggestion_id>/accept/",
        suggestion_views.suggestion_accept,
        name="suggestion_accept",
    ),
    path(
        "rubrics/suggestions/<uuid:suggestion_id>/reject/",
        suggestion_views.suggestion_reject,
        name="suggestion_reject",
    ),
]
