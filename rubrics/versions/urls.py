"""Pages of rubrics and their versions, below `/p/<project_id>/`."""

from django.urls import URLPattern, URLResolver, path

from rubrics.versions import views

VERSION = "rubrics/versions/<uuid:version_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("rubrics/", views.rubrics, name="rubrics"),
    path("rubrics/<uuid:rubric_id>/", views.rubric, name="rubric"),
    path("rubrics/<uuid:rubric_id>/compare/", views.rubric_compare, name="rubric_compare"),
    path("rubrics/<uuid:rubric_id>/blame/", views.rubric_blame, name="rubric_blame"),
    path(f"{VERSION}/", views.rubric_version, name="rubric_version"),
    path(f"{VERSION}/review/", views.rubric_send_for_review, name="rubric_send_for_review"),
    path(f"{VERSION}/withdraw/", views.rubric_withdraw, name="rubric_withdraw"),
    path(f"{VERSION}/approve/", views.rubric_approve, name="rubric_approve"),
    path(f"{VERSION}/refuse/", views.rubric_refuse, name="rubric_refuse"),
    path(f"{VERSION}/publish/", views.rubric_publish, name="rubric_publish"),
    path(f"{VERSION}/archive/", views.rubric_archive, name="rubric_archive"),
    path(f"{VERSION}/restore/", views.rubric_restore, name="rubric_restore"),
    path(f"{VERSION}/copy/", views.rubric_copy, name="rubric_copy"),
]
