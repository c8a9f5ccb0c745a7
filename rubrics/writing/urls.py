"""Pages to write on, below `/p/<project_id>/`."""

from django.urls import URLPattern, URLResolver, path

from rubrics.writing import views

VERSION = "rubrics/versions/<uuid:version_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("rubrics/new/", views.rubric_new, name="rubric_new"),
    path("rubrics/preview/", views.rubric_preview, name="rubric_preview"),
    path("rubrics/example/", views.rubric_example, name="rubric_example"),
    path("rubrics/<uuid:rubric_id>/draft/", views.rubric_new_draft, name="rubric_new_draft"),
    path(f"{VERSION}/edit/", views.rubric_edit, name="rubric_edit"),
    path(f"{VERSION}/save/", views.rubric_draft_save, name="rubric_draft_save"),
    path(f"{VERSION}/merge/", views.rubric_merge, name="rubric_merge"),
    path(f"{VERSION}/presence/", views.rubric_presence, name="rubric_presence"),
]
