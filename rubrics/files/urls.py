"""Rubrics from files and into files, below `/p/<project_id>/`."""

from django.urls import URLPattern, URLResolver, path

from rubrics.files import views

VERSION = "rubrics/versions/<uuid:version_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("rubrics/import/", views.rubric_import, name="rubric_import"),
    path(f"{VERSION}/export/", views.rubric_export, name="rubric_export"),
]
