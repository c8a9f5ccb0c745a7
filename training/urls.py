"""Pages of this app, below `/p/<project_id>/`."""

from django.urls import include, path

from training import views

RUN = "training/<uuid:run_id>"

urlpatterns = [
    path("", include("training.evaluation.urls")),
    path("", include("training.comparisons.urls")),
    path("training/", include("training.checkpoints.urls")),
    path("training/gate/", include("training.gate.urls")),
    path("training/", views.training_runs, name="training_runs"),
    path("training/new/", views.training_new, name="training_new"),
    path(f"{RUN}/", views.training_run, name="training_run"),
    path(f"{RUN}/evaluate/", views.training_evaluate, name="training_evaluate"),
    path(f"{RUN}/log/", views.training_log, name="training_log"),
    path(f"{RUN}/series/", views.training_series, name="training_series"),
    path(f"{RUN}/spec/", views.training_spec, name="training_spec"),
]
