"""Pages that try a draft, below `/p/<project_id>/`."""

from django.urls import path

from annotation.impact import views

VERSION = "rubrics/versions/<uuid:version_id>/"

urlpatterns = [
    path(f"{VERSION}playground/", views.playground, name="playground"),
    path(f"{VERSION}playground/texts/", views.playground_texts, name="playground_texts"),
    path("rubrics/playground/<uuid:run_id>/", views.playground_run, name="playground_run"),
    path(f"{VERSION}impact/", views.impact, name="impact"),
    path("rubrics/impact/<uuid:run_id>/", views.impact_run, name="impact_run"),
]
