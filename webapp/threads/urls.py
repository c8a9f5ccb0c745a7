"""Threads on objects, below `/p/<project>/`."""

from django.urls import URLPattern, URLResolver, path

from webapp.threads import views

ON = "threads/on/<slug:object_kind>/<uuid:object_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(ON, views.threads_panel, name="threads_panel"),
    path(f"{ON}open/", views.thread_open, name="thread_open"),
    path("threads/<uuid:thread_id>/reply/", views.comment_add, name="comment_add"),
    path("threads/<uuid:thread_id>/resolve/", views.thread_resolve, name="thread_resolve"),
    path("threads/<uuid:thread_id>/reopen/", views.thread_reopen, name="thread_reopen"),
    path("threads/comments/<uuid:comment_id>/edit/", views.comment_edit, name="comment_edit"),
    path("threads/comments/<uuid:comment_id>/remove/", views.comment_remove, name="comment_remove"),
]
