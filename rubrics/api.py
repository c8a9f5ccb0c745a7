"""The API of this app, below `/api/`."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("rubrics.versions.api")),
    path("", include("rubrics.writing.api")),
    path("", include("rubrics.files.api")),
    path("", include("rubrics.judges.api")),
]
