"""Pages of the blind comparisons of an evaluation, below `/p/<project_id>/`."""

from django.urls import path

from training.comparisons import views

RUN = "evaluations/<uuid:run_id>/comparisons"
ONE = f"{RUN}/<uuid:comparison_id>"

urlpatterns = [
    path(f"{RUN}/", views.comparisons, name="comparisons"),
    path(f"{RUN}/new/", views.comparison_new, name="comparison_new"),
    path(f"{ONE}/close/", views.comparison_close, name="comparison_close"),
    path(f"{ONE}/open/", views.comparison_open, name="comparison_open"),
]
