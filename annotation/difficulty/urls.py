"""Pages of difficulty runs, below `/p/<project_id>/`."""

from django.urls import path

from annotation.difficulty import views

RUN = "difficulty/<uuid:run_id>"

urlpatterns = [
    path("difficulty/", views.difficulty_runs, name="difficulty_runs"),
    path("difficulty/new/", views.difficulty_new, name="difficulty_new"),
    path(f"{RUN}/", views.difficulty_run, name="difficulty_run"),
    path(f"{RUN}/prompts/", views.difficulty_prompts, name="difficulty_prompts"),
    path(f"{RUN}/replies/", views.difficulty_replies, name="difficulty_replies"),
    path(f"{RUN}/set/", views.difficulty_set, name="difficulty_set"),
]
