"""The API: each app adds its own part."""

from django.urls import include, path

urlpatterns = [
    path("", include("webapp.accounts.api.urls")),
    path("", include("webapp.audit.api")),
    path("", include("webapp.llm.api")),
    path("", include("webapp.threads.api")),
    path("", include("rubrics.api")),
    path("", include("annotation.api")),
    path("", include("training.api")),
]
