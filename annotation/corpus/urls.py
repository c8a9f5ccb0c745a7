"""Pages of dialogues and imports, below `/p/<project_id>/`."""

from django.urls import path

from annotation.corpus import views

urlpatterns = [
    path("data/", views.data, name="data"),
    path("data/dialogues/", views.dialogues, name="dialogues"),
    path("data/dialogues/<uuid:dialogue_id>/", views.dialogue, name="dialogue"),
    path("data/replies/", views.exemplars, name="exemplar_replies"),
    path("data/imports/", views.imports, name="imports"),
    path("data/imports/new/", views.import_new, name="import_new"),
    path("data/imports/<uuid:run_id>/", views.import_run, name="import_run"),
]
