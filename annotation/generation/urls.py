"""Pages of generation runs, below `/p/<project_id>/`."""

from django.urls import path

from annotation.generation import views

urlpatterns = [
    path("generation/", views.generation_runs, name="generation_runs"),
    path("generation/new/", views.generation_new, name="generation_new"),
    path("generation/<uuid:run_id>/", views.generation_run, name="generation_run"),
]
