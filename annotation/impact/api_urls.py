"""The API of trials and proposals, below `/api/`."""

from django.urls import path

from annotation.impact.api import (
    ImpactTextViewSet,
    ImpactViewSet,
    PlaygroundViewSet,
    SampleViewSet,
)
from annotation.impact.suggestion_api import SuggestionRunViewSet, SuggestionViewSet

P = "projects/<uuid:project_id>/"
VERSION = f"{P}rubric-versions/<uuid:id>/"
RUN = f"{P}impact-runs/<uuid:id>/"

urlpatterns = [
    path(
        f"{VERSION}playground/",
        PlaygroundViewSet.as_view({"post": "start"}),
        name="api_playground_start",
    ),
    path(
        f"{VERSION}texts/",
        PlaygroundViewSet.as_view({"get": "texts"}),
        name="api_playground_texts",
    ),
    path(
        f"{P}playground-runs/<uuid:id>/",
        PlaygroundViewSet.as_view({"get": "retrieve"}),
        name="api_playground_run",
    ),
    path(
        f"{VERSION}samples/", SampleViewSet.as_view({"get": "list"}), name="api_playground_samples"
    ),
    path(
        f"{P}impact-runs/",
        ImpactViewSet.as_view({"get": "list", "post": "create"}),
        name="api_impact_list",
    ),
    path(RUN, ImpactViewSet.as_view({"get": "retrieve"}), name="api_impact_retrieve"),
    path(f"{RUN}cancel/", ImpactViewSet.as_view({"post": "cancel"}), name="api_impact_cancel"),
    path(f"{RUN}resume/", ImpactViewSet.as_view({"post": "resume"}), name="api_impact_resume"),
    path(f"{RUN}texts/", ImpactTextViewSet.as_view({"get": "list"}), name="api_impact_texts"),
    path(
        f"{VERSION}suggestions/",
        SuggestionViewSet.as_view({"get": "list", "post": "start"}),
        name="api_suggestions",
    ),
    path(
        f"{P}suggestion-runs/<uuid:id>/",
        SuggestionRunViewSet.as_view({"get": "retrieve"}),
        name="api_suggestion_run",
    ),
    path(
        f"{P}suggestion-runs/<uuid:id>/cancel/",
        SuggestionRunViewSet.as_view({"post": "cancel"}),
        name="api_suggestion_run_cancel",
    ),
    path(
        f"{P}suggestions/<uuid:id>/accept/",
        SuggestionViewSet.as_view({"post": "accept"}),
        name="api_suggestion_accept",
    ),
    path(
        f"{P}suggestions/<uuid:id>/reject/",
        SuggestionViewSet.as_view({"post": "reject"}),
        name="api_suggestion_reject",
    ),
]
