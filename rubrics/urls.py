"""Pages of rubrics, below `/p/<project>/`."""

from django.urls import URLPattern, URLResolver, path

from rubrics import views

VERSION = "rubrics/versions/<uuid:version_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("rubrics/", views.rubrics, name="rubrics"),
    path("rubrics/new/", views.rubric_new, name="rubric_new"),
    path("rubrics/<uuid:rubric_id>/", views.rubric, name="rubric"),
    path("rubrics/<uuid:rubric_id>/draft/", views.rubric_new_draft, name="rubric_new_draft"),
    path(f"{VERSION}/", views.rubric_version, name="rubric_version"),
    path(f"{VERSION}/edit/", views.rubric_edit, name="rubric_edit"),
    path(f"{VERSION}/save/", views.rubric_draft_save, name="rubric_draft_save"),
    path(f"{VERSION}/review/", views.rubric_send_for_review, name="rubric_send_for_review"),
    path(f"{VERSION}/withdraw/", views.rubric_withdraw, name="rubric_withdraw"),
    path(f"{VERSION}/approve/", views.rubric_approve, name="rubric_approve"),
    path(f"{VERSION}/publish/", views.rubric_publish, name="rubric_publish"),
    path(f"{VERSION}/archive/", views.rubric_archive, name="rubric_archive"),
]
