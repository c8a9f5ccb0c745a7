"""Pages of this app, below `/p/<project_id>/`."""

from django.urls import include, path

from annotation.views import (
    agreement,
    calls,
    data,
    desk,
    exemplars,
    generation,
    judging,
    queues,
    sets,
)

urlpatterns = [
    # Data
    path("data/", data.data, name="data"),
    path("data/dialogues/", data.dialogues, name="dialogues"),
    path("data/dialogues/<uuid:dialogue_id>/", data.dialogue, name="dialogue"),
    path("data/replies/", exemplars.exemplars, name="exemplar_replies"),
    path("data/imports/", data.imports, name="imports"),
    path("data/imports/new/", data.import_new, name="import_new"),
    path("data/imports/<uuid:run_id>/", data.import_run, name="import_run"),
    path("data/imports/<uuid:run_id>/cancel/", data.import_cancel, name="import_cancel"),
    path("data/imports/<uuid:run_id>/resume/", data.import_resume, name="import_resume"),
    path("data/sets/", sets.sets, name="sets"),
    path("data/sets/new/", sets.set_new, name="set_new"),
    path("data/sets/size/", sets.set_size, name="set_size"),
    path("data/sets/<uuid:set_id>/", sets.set_page, name="set"),
    path("data/sets/<uuid:set_id>/freeze/", sets.snapshot_freeze, name="snapshot_freeze"),
    # Generation
    path("generation/", generation.generation_runs, name="generation_runs"),
    path("generation/new/", generation.generation_new, name="generation_new"),
    path("generation/<uuid:run_id>/", generation.generation_run, name="generation_run"),
    path(
        "generation/<uuid:run_id>/cancel/", generation.generation_cancel, name="generation_cancel"
    ),
    path(
        "generation/<uuid:run_id>/resume/", generation.generation_resume, name="generation_resume"
    ),
    # Judging
    path("judging/", judging.judging, name="judging"),
    path("judging/judges/fit/", judging.judge_fit, name="judge_fit"),
    path("judging/judges/new/", judging.judge_new, name="judge_new"),
    path("judging/fits/<uuid:run_id>/", judging.fit_run, name="fit_run"),
    path("judging/fits/<uuid:run_id>/cancel/", judging.fit_run_cancel, name="fit_run_cancel"),
    path("judging/fits/<uuid:run_id>/resume/", judging.fit_run_resume, name="fit_run_resume"),
    path("judging/runs/new/", judging.judge_run_new, name="judge_run_new"),
    path("judging/runs/<uuid:run_id>/", judging.judge_run, name="judge_run"),
    path("judging/runs/<uuid:run_id>/cancel/", judging.judge_run_cancel, name="judge_run_cancel"),
    path("judging/runs/<uuid:run_id>/resume/", judging.judge_run_resume, name="judge_run_resume"),
    # What models were asked
    path("calls/", calls.model_calls, name="model_calls"),
    path("calls/<uuid:call_id>/", calls.model_call, name="model_call"),
    # Queues, the desk, agreement
    path("queues/", queues.queues, name="queues"),
    path("queues/new/", queues.queue_new, name="queue_new"),
    path("queues/<uuid:queue_id>/", queues.queue, name="queue"),
    path("queues/<uuid:queue_id>/close/", queues.queue_close, name="queue_close"),
    path("queues/<uuid:queue_id>/open/", queues.queue_open, name="queue_open"),
    path("queues/<uuid:queue_id>/raters/", queues.queue_raters, name="queue_raters"),
    path("desk/", desk.desk, name="desk"),
    path("desk/queues/<uuid:queue_id>/next/", desk.desk_next, name="desk_next"),
    path("desk/ratings/", desk.my_ratings, name="my_ratings"),
    path("desk/items/<uuid:assignment_id>/", desk.desk_item, name="desk_item"),
    path("desk/items/<uuid:assignment_id>/draft/", desk.desk_draft, name="desk_draft"),
    path("desk/items/<uuid:assignment_id>/submit/", desk.desk_submit, name="desk_submit"),
    path("desk/items/<uuid:assignment_id>/undo/", desk.desk_undo, name="desk_undo"),
    path("desk/items/<uuid:assignment_id>/skip/", desk.desk_skip, name="desk_skip"),
    path("desk/items/<uuid:assignment_id>/flag/", desk.desk_flag, name="desk_flag"),
    path("agreement/", agreement.agreement, name="agreement"),
    # A draft before it is published
    path("", include("annotation.impact.urls")),
]
