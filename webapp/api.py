"""The API: each app adds its own part."""

from django.urls import include, path
from drf_spectacular.plumbing import get_lib_doc_excludes

from webapp.accounts.project_api import ProjectViewSet
from webapp.runs.api import RunViewSet

urlpatterns = [
    path("", include("webapp.accounts.api.urls")),
    path("", include("webapp.audit.api")),
    path("", include("webapp.llm.api")),
    path("", include("webapp.threads.api")),
    path("", include("rubrics.api")),
    path("", include("annotation.api")),
    path("", include("training.api")),
]


def classes_without_description() -> list[type]:
    """Classes whose docstrings are for whoever writes a view set: the OpenAPI document, which
    takes them over into the view sets that have none, leaves them out."""
    return [*get_lib_doc_excludes(), ProjectViewSet, RunViewSet]
