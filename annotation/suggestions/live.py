"""What a draft's page of proposals shows while a model reads."""

from django.template.loader import render_to_string
from django.urls import reverse

from annotation.models import SuggestionRun
from annotation.suggestions.queries import suggestions_page
from rubrics.access import WRITERS
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run


def register() -> None:
    registry.register(registry.Kind(SuggestionRun, render_suggestions, WRITERS, None, _page))


def render_suggestions(run: Run, member: Member) -> str:
    assert isinstance(run, SuggestionRun)  # noqa: S101  (registered for this model)
    context = suggestions_page(run.version, member) | {"live": True}
    return render_to_string("impact/_suggestions.html", context)


def _page(run: Run) -> str:
    assert isinstance(run, SuggestionRun)  # noqa: S101  (registered for this model)
    kwargs = {"project_id": run.project_id, "version_id": run.version_id}
    return reverse("suggestions", kwargs=kwargs)
