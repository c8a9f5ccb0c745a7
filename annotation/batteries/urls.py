"""Pages of judges on the battery, below `/p/<project_id>/`."""

from django.urls import path

from annotation.batteries import views

urlpatterns = [
    path("judging/judges/<uuid:judge_id>/battery/", views.battery_new, name="battery_new"),
    path("judging/batteries/<uuid:run_id>/", views.battery_run, name="battery_run"),
]
