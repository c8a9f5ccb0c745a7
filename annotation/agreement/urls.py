"""The page of agreement, below `/p/<project_id>/`."""

from django.urls import path

from annotation.agreement import views

urlpatterns = [
    path("agreement/", views.agreement, name="agreement"),
]
