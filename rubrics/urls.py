"""Pages of this app, below `/p/<project_id>/`."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("rubrics.versions.urls")),
    path("", include("rubrics.writing.urls")),
    path("", include("rubrics.files.urls")),
]
