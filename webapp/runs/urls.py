"""Addresses of what every kind of run can be asked, below /p/<project_id>/."""

from django.urls import path

from webapp.runs import views

urlpatterns = [
    path("runs/<uuid:run_id>/cancel/", views.run_cancel, name="run_cancel"),
    path("runs/<uuid:run_id>/resume/", views.run_resume, name="run_resume"),
]
