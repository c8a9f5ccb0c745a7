"""Pages of what models were asked, below `/p/<project_id>/`."""

from django.urls import path

from annotation.calls import views

urlpatterns = [
    path("calls/", views.model_calls, name="model_calls"),
    path("calls/<uuid:call_id>/", views.model_call, name="model_call"),
]
