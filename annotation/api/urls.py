"""The API of this app, below `/api/`."""

from django.urls import URLPattern, URLResolver, path

from annotation.api import data, sets

P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    # Data
    path(
        P + "dialogues/",
        data.DialogueViewSet.as_view({"get": "list"}),
        name="api_dialogue_list",
    ),
    path(
        P + "dialogues/<uuid:id>/",
        data.DialogueViewSet.as_view({"get": "retrieve"}),
        name="api_dialogue_retrieve",
    ),
    path(
        P + "imports/",
        data.ImportViewSet.as_view({"get": "list", "post": "create"}),
        name="api_import_list",
    ),
    path(
        P + "imports/<uuid:id>/",
        data.ImportViewSet.as_view({"get": "retrieve"}),
        name="api_import_retrieve",
    ),
    path(
        P + "imports/<uuid:id>/cancel/",
        data.ImportViewSet.as_view({"post": "cancel"}),
        name="api_import_cancel",
    ),
    path(
        P + "imports/<uuid:id>/resume/",
        data.ImportViewSet.as_view({"post": "resume"}),
        name="api_import_resume",
    ),
    path(
        P + "imports/<uuid:id>/lines/",
        data.ImportLineViewSet.as_view({"get": "list"}),
        name="api_import_lines",
    ),
    path(
        P + "sets/",
        sets.SetViewSet.as_view({"get": "list", "post": "create"}),
        name="api_set_list",
    ),
    path(
        P + "sets/<uuid:id>/",
        sets.SetViewSet.as_view({"get": "retrieve"}),
        name="api_set_retrieve",
    ),
    path(
        P + "sets/<uuid:id>/freeze/",
        sets.SetViewSet.as_view({"post": "freeze"}),
        name="api_set_freeze",
    ),
    path(
        P + "snapshots/",
        sets.SnapshotViewSet.as_view({"get": "list"}),
        name="api_snapshot_list",
    ),
    path(
        P + "snapshots/<uuid:id>/",
        sets.SnapshotViewSet.as_view({"get": "retrieve"}),
        name="api_snapshot_retrieve",
    ),
    path(
        P + "snapshots/<uuid:id>/members/",
        sets.SnapshotMemberViewSet.as_view({"get": "list"}),
        name="api_snapshot_members",
    ),
]
