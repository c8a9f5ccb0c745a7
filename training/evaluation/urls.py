from django.urls import path

from training.evaluation import views

RUN = "evaluations/<uuid:run_id>"

urlpatterns = [
    path("evaluations/", views.evaluations, name="evaluations"),
    path("evaluations/new/", views.evaluation_new, name="evaluation_new"),
    path(f"{RUN}/", views.evaluation, name="evaluation"),
    path(f"{RUN}/answers/", views.evaluation_answers, name="evaluation_answers"),
    path(f"{RUN}/tables.<str:form>", views.evaluation_export, name="evaluation_export"),
]
