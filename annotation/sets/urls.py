"""Pages of sets, below `/p/<project_id>/`."""

from django.urls import path

from annotation.sets import views

urlpatterns = [
    path("data/sets/", views.sets, name="sets"),
    path("data/sets/new/", views.set_new, name="set_new"),
    path("data/sets/size/", views.set_size, name="set_size"),
    path("data/sets/<uuid:set_id>/", views.set_page, name="set"),
    path("data/sets/<uuid:set_id>/freeze/", views.snapshot_freeze, name="snapshot_freeze"),
]
