"""Pages of the gate, below `/p/<project_id>/training/gate/`."""

from django.urls import path

from training.gate import views

urlpatterns = [
    path("", views.gate, name="gate"),
    path("checks/", views.gate_checks, name="gate_checks"),
    path("battery/", views.gate_battery, name="gate_battery"),
    path("<uuid:rule_id>/remove/", views.gate_remove, name="gate_remove"),
]
