"""Pages to write on: a new rubric, the editor of a draft and its saves."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rubrics import access, queries, services, wording
from rubrics.forms import RubricForm
from rubrics.models import RubricVersion
from rubrics.views.bodies import bad_request, problem, read_body
from rubrics.views.outcomes import about, to_page
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused, Stale

CHOICES = {
    "targets": wording.TARGETS,
    "formulas": wording.FORMULAS,
    "scales": wording.SCALES,
    "categories": wording.CATEGORIES,
    "spans": wording.SPANS,
    "checks": wording.CHECKS,
}


@require_http_methods(["GET", "POST"])
@project_page(*access.WRITERS)
def rubric_new(request: HttpRequest, member: Member) -> HttpResponse:
    form = RubricForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rubric = services.rubric_create(
                project=member.project, actor=member.user, name=form.cleaned_data["name"]
            )
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            return to_page("rubric_edit", rubric.versions.get())
    return render(request, "rubrics/new.html", {"member": member, "form": form})


@require_GET
@project_page(*access.WRITERS)
def rubric_edit(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    if version.status != RubricVersion.Status.DRAFT:
        return to_page("rubric_version", version)
    context = {
        **about(member, version),
        "state": queries.draft_state(version),
        "choices": CHOICES,
        "saved": _saved(version),
    }
    return render(request, "rubrics/edit.html", context)


@require_POST
@project_page(*access.WRITERS)
def rubric_draft_save(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """The whole draft as JSON: `{"content": ..., "expected_revision": 3}`."""
    version = access.version_for(member, version_id)
    try:
        content, expected = _read_save(request)
        saved = services.draft_save(
            version=version, actor=member.user, content=content, expected_revision=expected
        )
    except Stale as stale:
        theirs = access.version_for(member, version_id)
        return problem(stale, content=theirs.draft, **_saved(theirs))
    except Refused as refusal:
        return problem(refusal)
    state = render_to_string(
        "rubrics/_state.html",
        {"member": member, "version": saved, "state": queries.draft_state(saved)},
    )
    return JsonResponse({**_saved(saved), "state": state})


@require_POST
@project_page(*access.WRITERS)
def rubric_new_draft(request: HttpRequest, member: Member, rubric_id: UUID) -> HttpResponse:
    found = access.rubric_for(member, rubric_id)
    try:
        version = services.draft_open(rubric=found, actor=member.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("rubric", project_id=member.project.pk, rubric_id=found.pk)
    return to_page("rubric_edit", version)


def _saved(version: RubricVersion) -> dict[str, Any]:
    return {
        "revision": version.revision,
        "saved_at": version.saved_at,
        "saved_by": str(version.saved_by or ""),
    }


def _read_save(request: HttpRequest) -> tuple[object, int]:
    body = read_body(request, "content", "expected_revision")
    expected = body["expected_revision"]
    if isinstance(expected, bool) or not isinstance(expected, int):
        raise bad_request("`expected_revision` is a whole number.")
    return body["content"], expected
