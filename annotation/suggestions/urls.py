"""The page of a draft's proposals, below `/p/<project_id>/`."""

from django.urls import path

from annotation.suggestions import views

VERSION = "rubrics/versions/<uuid:version_id>/"

urlpatterns = [
    path(f"{VERSION}suggestions/", views.suggestions, name="suggestions"),
    path(
        "rubrics/suggestions/<uuid:suggestion_id>/accept/",
        views.suggestion_accept,
        name="suggestion_accept",
    ),
    path(
        "rubrics/suggestions/<uuid:suggestion_id>/reject/",
        views.suggestion_reject,
        name="suggestion_reject",
    ),
]
