"""Pages of this app, below `/p/<project_id>/`."""

from django.urls import path

from annotation.views import generation, judging

urlpatterns = [
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
]
