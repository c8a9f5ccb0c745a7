"""Pages of checkpoints, below `/p/<project_id>/`."""

from django.urls import path

from training.checkpoints import views

ONE = "checkpoints/<uuid:checkpoint_id>"

urlpatterns = [
    path("checkpoints/", views.checkpoints, name="checkpoints"),
    path("checkpoints/new/", views.checkpoint_new, name="checkpoint_new"),
    path("checkpoints/small/", views.checkpoint_small, name="checkpoint_small"),
    path("checkpoints/downloads/<uuid:run_id>/", views.model_fetch, name="model_fetch"),
    path(
        "checkpoints/downloads/<uuid:run_id>/remove/",
        views.model_fetch_remove,
        name="model_fetch_remove",
    ),
    path(f"{ONE}/", views.checkpoint, name="checkpoint"),
    path(f"{ONE}/archive/", views.checkpoint_archive, name="checkpoint_archive"),
    path(f"{ONE}/serve/", views.checkpoint_serve, name="checkpoint_serve"),
    path(f"{ONE}/delete/", views.checkpoint_delete, name="checkpoint_delete"),
]
