"""The API of this app, below `/api/`."""

from django.urls import URLPattern, URLResolver, include, path

from annotation.api import agreement, calls, data, desk, generation, judging, queues, sets

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
    # Queues, the desk, agreement
    path(
        P + "queues/",
        queues.QueueViewSet.as_view({"get": "list", "post": "create"}),
        name="api_queue_list",
    ),
    path(
        P + "queues/<uuid:queue_id>/",
        queues.QueueViewSet.as_view({"get": "retrieve"}),
        name="api_queue_retrieve",
    ),
    path(
        P + "queues/<uuid:queue_id>/close/",
        queues.QueueViewSet.as_view({"post": "close"}),
        name="api_queue_close",
    ),
    path(
        P + "queues/<uuid:queue_id>/open/",
        queues.QueueViewSet.as_view({"post": "reopen"}),
        name="api_queue_open",
    ),
    path(
        P + "queues/<uuid:queue_id>/raters/",
        queues.QueueViewSet.as_view({"put": "raters"}),
        name="api_queue_raters",
    ),
    path(P + "desk/", desk.DeskViewSet.as_view({"get": "list"}), name="api_desk_list"),
    path(
        P + "desk/queues/<uuid:queue_id>/next/",
        desk.DeskViewSet.as_view({"post": "next"}),
        name="api_desk_next",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/",
        desk.DeskViewSet.as_view({"get": "retrieve"}),
        name="api_desk_item",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/draft/",
        desk.DeskViewSet.as_view({"put": "draft"}),
        name="api_desk_draft",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/submit/",
        desk.DeskViewSet.as_view({"post": "submit"}),
        name="api_desk_submit",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/undo/",
        desk.DeskViewSet.as_view({"post": "undo"}),
        name="api_desk_undo",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/skip/",
        desk.DeskViewSet.as_view({"post": "skip"}),
        name="api_desk_skip",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/flag/",
        desk.DeskViewSet.as_view({"post": "flag"}),
        name="api_desk_flag",
    ),
    path(
        P + "desk/ratings/",
        desk.OwnRatingViewSet.as_view({"get": "list"}),
        name="api_desk_ratings",
    ),
    path(
        P + "agreement/<uuid:version_id>/",
        agreement.AgreementViewSet.as_view({"get": "retrieve"}),
        name="api_agreement_retrieve",
    ),
    # Generation
    path(
        P + "generations/",
        generation.GenerationViewSet.as_view({"get": "list", "post": "create"}),
        name="api_generation_list",
    ),
    path(
        P + "generations/<uuid:id>/",
        generation.GenerationViewSet.as_view({"get": "retrieve"}),
        name="api_generation_retrieve",
    ),
    path(
        P + "generations/<uuid:id>/cancel/",
        generation.GenerationViewSet.as_view({"post": "cancel"}),
        name="api_generation_cancel",
    ),
    path(
        P + "generations/<uuid:id>/resume/",
        generation.GenerationViewSet.as_view({"post": "resume"}),
        name="api_generation_resume",
    ),
    path(
        P + "generations/<uuid:id>/items/",
        generation.GenerationItemViewSet.as_view({"get": "list"}),
        name="api_generation_items",
    ),
    # Judges, fits and judge runs
    path(
        P + "judges/",
        judging.JudgeViewSet.as_view({"get": "list", "post": "create"}),
        name="api_judge_list",
    ),
    path(
        P + "judges/<uuid:id>/",
        judging.JudgeViewSet.as_view({"get": "retrieve"}),
        name="api_judge_retrieve",
    ),
    path(
        P + "fits/",
        judging.FitViewSet.as_view({"get": "list", "post": "create"}),
        name="api_fit_list",
    ),
    path(
        P + "fits/<uuid:id>/",
        judging.FitViewSet.as_view({"get": "retrieve"}),
        name="api_fit_retrieve",
    ),
    path(
        P + "fits/<uuid:id>/cancel/",
        judging.FitViewSet.as_view({"post": "cancel"}),
        name="api_fit_cancel",
    ),
    path(
        P + "fits/<uuid:id>/resume/",
        judging.FitViewSet.as_view({"post": "resume"}),
        name="api_fit_resume",
    ),
    path(
        P + "judge-runs/",
        judging.JudgeRunViewSet.as_view({"get": "list", "post": "create"}),
        name="api_judge_run_list",
    ),
    path(
        P + "judge-runs/<uuid:id>/",
        judging.JudgeRunViewSet.as_view({"get": "retrieve"}),
        name="api_judge_run_retrieve",
    ),
    path(
        P + "judge-runs/<uuid:id>/cancel/",
        judging.JudgeRunViewSet.as_view({"post": "cancel"}),
        name="api_judge_run_cancel",
    ),
    path(
        P + "judge-runs/<uuid:id>/resume/",
        judging.JudgeRunViewSet.as_view({"post": "resume"}),
        name="api_judge_run_resume",
    ),
    path(
        P + "judge-runs/<uuid:id>/results/",
        judging.JudgeResultViewSet.as_view({"get": "list"}),
        name="api_judge_run_results",
    ),
    # What models were asked
    path(P + "calls/", calls.CallViewSet.as_view({"get": "list"}), name="api_call_list"),
    path(
        P + "calls/<uuid:call_id>/",
        calls.CallViewSet.as_view({"get": "retrieve"}),
        name="api_call",
    ),
    # A draft before it is published
    path("", include("annotation.impact.api_urls")),
]
