"""The pages of agreement and a part of a judge run’s page, below `/p/<project_id>/`."""

from django.urls import path

from annotation.agreement import views

urlpatterns = [
    path("agreement/", views.agreement, name="agreement"),
    path("agreement/judges/<uuid:judge_id>/", views.judge_trust, name="judge_trust"),
    path("judging/runs/<uuid:run_id>/means/", views.judge_run_means, name="judge_run_means"),
    path("agreement/versions/", views.agreement_versions, name="agreement_versions"),
]
