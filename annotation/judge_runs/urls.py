"""Pages of judges, judge runs and fits, below `/p/<project_id>/`."""

from django.urls import path

from annotation.judge_runs import views

urlpatterns = [
    path("judging/", views.judging, name="judging"),
    path("judging/judges/fit/", views.judge_fit, name="judge_fit"),
    path("judging/judges/new/", views.judge_new, name="judge_new"),
    path("judging/judges/<uuid:judge_id>/renew/", views.judge_renew, name="judge_renew"),
    path("judging/fits/<uuid:run_id>/", views.fit_run, name="fit_run"),
    path("judging/runs/new/", views.judge_run_new, name="judge_run_new"),
    path("judging/runs/<uuid:run_id>/", views.judge_run, name="judge_run"),
    path("judging/runs/<uuid:run_id>/texts/", views.judge_run_texts, name="judge_run_texts"),
]
