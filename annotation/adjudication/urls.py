"""Pages of adjudication, below `/p/<project_id>/`."""

from django.urls import path

from annotation.adjudication import views

ITEM = "adjudication/<uuid:adjudication_id>"

urlpatterns = [
    path("adjudication/", views.adjudication, name="adjudication"),
    path(
        "adjudication/queues/<uuid:queue_id>/", views.adjudication_queue, name="adjudication_queue"
    ),
    path(
        "adjudication/queues/<uuid:queue_id>/next/", views.adjudicate_next, name="adjudicate_next"
    ),
    path("adjudication/items/<uuid:item_id>/take/", views.adjudicate_take, name="adjudicate_take"),
    path(
        "adjudication/rubrics/<uuid:rubric_id>/",
        views.adjudication_causes,
        name="adjudication_causes",
    ),
    path(
        "adjudication/decisions/<uuid:decision_id>/draft/",
        views.adjudication_to_draft,
        name="adjudication_to_draft",
    ),
    path(f"{ITEM}/", views.adjudicate_item, name="adjudicate_item"),
    path(f"{ITEM}/draft/", views.adjudicate_draft, name="adjudicate_draft"),
    path(f"{ITEM}/submit/", views.adjudicate_submit, name="adjudicate_submit"),
    path(f"{ITEM}/undo/", views.adjudicate_undo, name="adjudicate_undo"),
    path(f"{ITEM}/release/", views.adjudicate_release, name="adjudicate_release"),
]
