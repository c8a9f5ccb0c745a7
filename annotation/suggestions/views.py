"""The page of a draft's proposals, and what a person decides about them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from annotation.models import Suggestion
from annotation.suggestions import services
from annotation.suggestions.access import suggestion_for
from annotation.suggestions.queries import suggestions_page
from rubrics.access import WRITERS, version_for
from rubrics.core.drafts import MAX_LABEL, MAX_NAME, MAX_TEXT
from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.limits import REVISION
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY


class SuggestForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY)
    endpoint = forms.ModelChoiceField(queryset=Endpoint.objects.none())

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Endpoint.objects.filter(project=project, archived_at=None)
        self.fields["endpoint"].queryset = rows  # type: ignore[attr-defined]


class AcceptForm(forms.Form):
    """The revision that the person saw, and the proposal's texts as they stand in the fields."""

    expected_revision = forms.IntegerField(**REVISION.range)

    def __init__(self, *args: Any, suggestion: Suggestion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suggestion = suggestion
        if suggestion.kind == Suggestion.Kind.ANCHOR:
            self.fields["anchor"] = forms.CharField(max_length=MAX_TEXT)
            return
        self.fields["name"] = forms.CharField(max_length=MAX_NAME)
        self.fields["description"] = forms.CharField(max_length=MAX_TEXT)
        for level in suggestion.content["levels"]:
            value = level["value"]
            self.fields[f"label_{value}"] = forms.CharField(max_length=MAX_LABEL)
            self.fields[f"anchor_{value}"] = forms.CharField(max_length=MAX_TEXT)

    @property
    def content(self) -> dict[str, Any]:
        """In the form of the proposal's own content."""
        given = self.cleaned_data
        if self.suggestion.kind == Suggestion.Kind.ANCHOR:
            return {"anchor": given["anchor"]}
        return {
            "name": given["name"],
            "description": given["description"],
            "levels": [
                {
                    "value": level["value"],
                    "label": given[f"label_{level['value']}"],
                    "anchor": given[f"anchor_{level['value']}"],
                }
                for level in self.suggestion.content["levels"]
            ],
        }


@require_http_methods(["GET", "POST"])
@project_page(*WRITERS)
def suggestions(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = version_for(member, version_id)
    if request.method == "POST":
        form = SuggestForm(request.POST, project=member.project)
        if not form.is_valid():
            messages.error(request, "Choose an endpoint.")
        else:
            _try(
                request,
                lambda: services.suggest_start(version=version, member=member, **form.cleaned_data),
            )
        return redirect("suggestions", project_id=member.project.pk, version_id=version.pk)
    context = suggestions_page(version, member) | {"key": new_id().hex, "rubric": version.rubric}
    return render(request, "impact/suggestions.html", context)


@require_POST
@project_page(*WRITERS)
def suggestion_accept(request: HttpRequest, member: Member, suggestion_id: UUID) -> HttpResponse:
    suggestion = suggestion_for(member, suggestion_id)
    form = AcceptForm(request.POST, suggestion=suggestion)
    if form.is_valid():
        accepted = _try(
            request,
            lambda: services.suggestion_accept(
                suggestion=suggestion,
                actor=member.user,
                expected_revision=form.cleaned_data["expected_revision"],
                edited=form.content,
            ),
        )
        if accepted:
            messages.success(request, "The proposal is now in the draft. Nothing else changed.")
    else:
        messages.error(
            request,
            f"Not accepted. The draft did not change. {next(iter(form.errors.values()))[0]}",
        )
    return _back(request, suggestion)


@require_POST
@project_page(*WRITERS)
def suggestion_reject(request: HttpRequest, member: Member, suggestion_id: UUID) -> HttpResponse:
    suggestion = suggestion_for(member, suggestion_id)
    if _try(request, lambda: services.suggestion_reject(suggestion=suggestion, actor=member.user)):
        messages.success(request, "Rejected. The draft did not change.")
    return _back(request, suggestion)


def _try(request: HttpRequest, action: Any) -> bool:
    try:
        action()
    except Refused as refusal:
        messages.error(request, str(refusal))
        return False
    return True


def _back(request: HttpRequest, about: Suggestion) -> HttpResponse:
    url = resolve_url("suggestions", project_id=about.project_id, version_id=about.version_id)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(url)
    return redirect(url)
