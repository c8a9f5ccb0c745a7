"""Pages of exports, below `/p/<project_id>/`."""

from django.urls import path

from annotation.exports import views

urlpatterns = [
    path("exports/", views.exports, name="exports"),
    path("exports/new/", views.export_new, name="export_new"),
    path("exports/<uuid:run_id>/", views.export, name="export"),
    path("exports/<uuid:run_id>/download/", views.export_download, name="export_download"),
    path("exports/<uuid:run_id>/remove/", views.export_remove, name="export_remove"),
]
