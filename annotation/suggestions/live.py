"""What a draft's page of proposals shows while a model reads."""

from django.template.loader import render_to_string

from annotation.models import SuggestionRun
from annotation.suggestions.queries import suggestions_page
from rubrics.access import WRITERS
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run


def register() -> None:
    registry.register(
        registry.Kind(
            model=SuggestionRun,
            render=render_suggestions,
            url=registry.page("suggestions", version_id="version_id"),
            readers=WRITERS,
            starters=WRITERS,
            # A start looks at the draft and at the raters who differ; going on would not.
            goes_on=False,
        )
    )


def render_suggestions(run: Run, member: Member) -> str:
    assert isinstance(run, SuggestionRun)  # noqa: S101  (registered for this model)
    context = suggestions_page(run.version, member) | {"live": True}
    return render_to_string("impact/_suggestions.html", context)
