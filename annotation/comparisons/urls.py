"""Pages of those who judge pairs, below `/p/<project_id>/`."""

from django.urls import path

from annotation.comparisons import views

PAIR = "desk/pairs/<uuid:judgement_id>"

urlpatterns = [
    path("desk/comparisons/<uuid:comparison_id>/next/", views.pair_next, name="pair_next"),
    path(f"{PAIR}/", views.pair, name="pair"),
    path(f"{PAIR}/judge/", views.pair_judge, name="pair_judge"),
    path(f"{PAIR}/undo/", views.pair_undo, name="pair_undo"),
]
