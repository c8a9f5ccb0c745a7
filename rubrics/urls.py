"""Pages of rubrics, below `/p/<project>/`."""

from django.urls import URLPattern, URLResolver, path

from rubrics.views import (
    assisting,
    comparing,
    drafting,
    files,
    publishing,
    reading,
    restoring,
)

VERSION = "rubrics/versions/<uuid:version_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("rubrics/", reading.rubrics, name="rubrics"),
    path("rubrics/new/", drafting.rubric_new, name="rubric_new"),
    path("rubrics/preview/", assisting.rubric_preview, name="rubric_preview"),
    path("rubrics/example/", assisting.rubric_example, name="rubric_example"),
    path("rubrics/import/", files.rubric_import, name="rubric_import"),
    path("rubrics/<uuid:rubric_id>/", reading.rubric, name="rubric"),
    path("rubrics/<uuid:rubric_id>/draft/", drafting.rubric_new_draft, name="rubric_new_draft"),
    path("rubrics/<uuid:rubric_id>/compare/", comparing.rubric_compare, name="rubric_compare"),
    path("rubrics/<uuid:rubric_id>/blame/", comparing.rubric_blame, name="rubric_blame"),
    path(f"{VERSION}/", reading.rubric_version, name="rubric_version"),
    path(f"{VERSION}/edit/", drafting.rubric_edit, name="rubric_edit"),
    path(f"{VERSION}/save/", drafting.rubric_draft_save, name="rubric_draft_save"),
    path(f"{VERSION}/merge/", assisting.rubric_merge, name="rubric_merge"),
    path(f"{VERSION}/presence/", assisting.rubric_presence, name="rubric_presence"),
    path(f"{VERSION}/review/", publishing.rubric_send_for_review, name="rubric_send_for_review"),
    path(f"{VERSION}/withdraw/", publishing.rubric_withdraw, name="rubric_withdraw"),
    path(f"{VERSION}/approve/", publishing.rubric_approve, name="rubric_approve"),
    path(f"{VERSION}/refuse/", publishing.rubric_refuse, name="rubric_refuse"),
    path(f"{VERSION}/publish/", publishing.rubric_publish, name="rubric_publish"),
    path(f"{VERSION}/archive/", publishing.rubric_archive, name="rubric_archive"),
    path(f"{VERSION}/export/", files.rubric_export, name="rubric_export"),
    path(f"{VERSION}/restore/", restoring.rubric_restore, name="rubric_restore"),
    path(f"{VERSION}/copy/", restoring.rubric_copy, name="rubric_copy"),
]
