"""The API of rubrics, below `/api/`."""

from django.urls import URLPattern, URLResolver, path

from rubrics.api.rubrics import RubricVersionViewSet, RubricViewSet, SpecViewSet, VersionViewSet
from rubrics.api.versions import RubricHistoryViewSet, RubricImportViewSet, VersionStepsViewSet
from rubrics.api.writing import DraftViewSet, ExampleViewSet

P = "projects/<uuid:project_id>/"
VERSION = P + "rubric-versions/<uuid:id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "rubrics/",
        RubricViewSet.as_view({"get": "list", "post": "create"}),
        name="api_rubric_list",
    ),
    path(
        P + "rubrics/example/",
        ExampleViewSet.as_view({"post": "create"}),
        name="api_rubric_example",
    ),
    path(
        P + "rubrics/import/",
        RubricImportViewSet.as_view({"post": "create"}),
        name="api_rubric_import",
    ),
    path(
        P + "rubrics/<uuid:id>/compare/",
        RubricHistoryViewSet.as_view({"get": "compare"}),
        name="api_rubric_compare",
    ),
    path(
        P + "rubrics/<uuid:id>/blame/",
        RubricHistoryViewSet.as_view({"get": "blame"}),
        name="api_rubric_blame",
    ),
    path(
        P + "rubrics/<uuid:id>/",
        RubricViewSet.as_view({"get": "retrieve"}),
        name="api_rubric_retrieve",
    ),
    path(
        P + "rubrics/<uuid:id>/versions/",
        RubricVersionViewSet.as_view({"get": "list", "post": "create"}),
        name="api_rubric_version_list",
    ),
    path(
        VERSION,
        VersionViewSet.as_view({"get": "retrieve"}),
        name="api_rubric_version_retrieve",
    ),
    path(
        VERSION + "draft/",
        VersionViewSet.as_view({"put": "save"}),
        name="api_rubric_version_save",
    ),
    path(
        VERSION + "findings/",
        DraftViewSet.as_view({"get": "findings"}),
        name="api_rubric_version_findings",
    ),
    path(
        VERSION + "merge/",
        DraftViewSet.as_view({"post": "merge"}),
        name="api_rubric_version_merge",
    ),
    path(
        VERSION + "send-for-review/",
        VersionViewSet.as_view({"post": "send_for_review"}),
        name="api_rubric_version_send_for_review",
    ),
    path(
        VERSION + "withdraw/",
        VersionViewSet.as_view({"post": "withdraw"}),
        name="api_rubric_version_withdraw",
    ),
    path(
        VERSION + "approve/",
        VersionViewSet.as_view({"post": "approve"}),
        name="api_rubric_version_approve",
    ),
    path(
        VERSION + "publish/",
        VersionViewSet.as_view({"post": "publish"}),
        name="api_rubric_version_publish",
    ),
    path(
        VERSION + "archive/",
        VersionViewSet.as_view({"post": "archive"}),
        name="api_rubric_version_archive",
    ),
    path(
        VERSION + "refuse/",
        VersionStepsViewSet.as_view({"post": "refuse"}),
        name="api_rubric_version_refuse",
    ),
    path(
        VERSION + "restore/",
        VersionStepsViewSet.as_view({"post": "restore"}),
        name="api_rubric_version_restore",
    ),
    path(
        VERSION + "copy/",
        VersionStepsViewSet.as_view({"post": "copy"}),
        name="api_rubric_version_copy",
    ),
    path(
        VERSION + "consequences/",
        VersionStepsViewSet.as_view({"get": "consequences"}),
        name="api_rubric_version_consequences",
    ),
    path(
        VERSION + "export/",
        VersionStepsViewSet.as_view({"get": "export"}),
        name="api_rubric_version_export",
    ),
    path(
        P + "specs/<str:hash>/",
        SpecViewSet.as_view({"get": "retrieve"}),
        name="api_spec_retrieve",
    ),
]
