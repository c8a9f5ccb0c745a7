"""Pages of queues, below `/p/<project_id>/`."""

from django.urls import path

from annotation.queues import views

urlpatterns = [
    path("queues/", views.queues, name="queues"),
    path("queues/new/", views.queue_new, name="queue_new"),
    path("queues/concerns/<uuid:concern_id>/handle/", views.concern_handle, name="concern_handle"),
    path("queues/<uuid:queue_id>/", views.queue, name="queue"),
    path("queues/<uuid:queue_id>/close/", views.queue_close, name="queue_close"),
    path("queues/<uuid:queue_id>/open/", views.queue_open, name="queue_open"),
    path("queues/<uuid:queue_id>/raters/", views.queue_raters, name="queue_raters"),
    path(
        "queues/<uuid:queue_id>/adjudicate-from/",
        views.queue_adjudicate_from,
        name="queue_adjudicate_from",
    ),
]
