"""Pages of the desk, below `/p/<project_id>/`."""

from django.urls import path

from annotation.desk import views

urlpatterns = [
    path("desk/", views.desk, name="desk"),
    path("desk/queues/<uuid:queue_id>/next/", views.desk_next, name="desk_next"),
    path("desk/ratings/", views.my_ratings, name="my_ratings"),
    path("desk/items/<uuid:assignment_id>/", views.desk_item, name="desk_item"),
    path("desk/items/<uuid:assignment_id>/draft/", views.desk_draft, name="desk_draft"),
    path("desk/items/<uuid:assignment_id>/submit/", views.desk_submit, name="desk_submit"),
    path("desk/items/<uuid:assignment_id>/undo/", views.desk_undo, name="desk_undo"),
    path("desk/items/<uuid:assignment_id>/skip/", views.desk_skip, name="desk_skip"),
    path("desk/items/<uuid:assignment_id>/flag/", views.desk_flag, name="desk_flag"),
]
