"""Pages of rubrics: the list, a rubric, a version to read, the editor of a draft."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rubrics import access, queries, services, wording
from rubrics.forms import PublishForm, RubricForm, SeenForm
from rubrics.markdown import to_html
from rubrics.models import RubricVersion
from rubrics.services.publishing import approval_needed
from rubrics.spec import formula_in_words, from_json
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


@require_GET
@project_page()
def rubrics(request: HttpRequest, member: Member) -> HttpResponse:
    rows = [queries.rubric_row(rubric) for rubric in access.visible_rubrics(member)]
    context = {"member": member, "rows": rows, "may_write": access.may_write(member)}
    return render(request, "rubrics/rubrics.html", context)


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
            return _to("rubric_edit", rubric.versions.get())
    return render(request, "rubrics/new.html", {"member": member, "form": form})


@require_GET
@project_page()
def rubric(request: HttpRequest, member: Member, rubric_id: UUID) -> HttpResponse:
    found = access.rubric_for(member, rubric_id)
    context = {
        "member": member,
        "row": queries.rubric_row(found),
        "rubric": found,
        "versions": found.shown,
        "may_write": access.may_write(member),
    }
    return render(request, "rubrics/rubric.html", context)


@require_GET
@project_page()
def rubric_version(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """The text of a version to read. A draft has only its editor."""
    version = access.version_for(member, version_id)
    if version.status == RubricVersion.Status.DRAFT:
        return _to("rubric_edit", version)
    spec = from_json(queries.text_of(version))
    criteria = wording.criteria_in_words(spec)
    context = {
        **_about(member, version),
        "spec": spec,
        "target": wording.TARGETS[spec.target],
        "formula": wording.FORMULAS[spec.formula],
        "total": formula_in_words(spec),
        "guidance": to_html(spec.guidance),
        "criteria": [c for c in criteria if not c.is_check],
        "checks": [c for c in criteria if c.is_check],
    }
    if version.is_open:
        context["state"] = queries.draft_state(version)
    return render(request, "rubrics/version.html", context)


@require_GET
@project_page(*access.WRITERS)
def rubric_edit(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    if version.status != RubricVersion.Status.DRAFT:
        return _to("rubric_version", version)
    context = {
        **_about(member, version),
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
        return _problem(stale, content=theirs.draft, **_saved(theirs))
    except Refused as refusal:
        return _problem(refusal)
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
    return _to("rubric_edit", version)


@require_POST
@project_page(*access.WRITERS)
def rubric_publish(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = _valid(PublishForm(request.POST))
    return _act(
        request,
        version,
        f"Version {version.number} is published.",
        lambda: services.version_publish(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_send_for_review(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = _valid(SeenForm(request.POST))
    return _act(
        request,
        version,
        f"Version {version.number} waits for another clinician or lead.",
        lambda: services.version_send_for_review(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_withdraw(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return _act(
        request,
        version,
        f"Version {version.number} is a draft again.",
        lambda: services.version_withdraw_from_review(version=version, actor=member.user),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_approve(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return _act(
        request,
        version,
        f"You approved version {version.number}. It can be published now.",
        lambda: services.version_approve(version=version, actor=member.user),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_archive(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return _act(
        request,
        version,
        f"Version {version.number} is archived. What was rated by it keeps it.",
        lambda: services.version_archive(version=version, actor=member.user),
    )


def _about(member: Member, version: RubricVersion) -> dict[str, Any]:
    needs_approval = version.is_open and approval_needed(member.project)
    return {
        "member": member,
        "version": version,
        "rubric": version.rubric,
        "may_write": access.may_write(member),
        "may_publish": not needs_approval or version.approved_by_id is not None,
        "may_approve": needs_approval and version.saved_by_id != member.user.pk,
    }


def _saved(version: RubricVersion) -> dict[str, Any]:
    return {
        "revision": version.revision,
        "saved_at": version.saved_at,
        "saved_by": str(version.saved_by or ""),
    }


def _read_save(request: HttpRequest) -> tuple[object, int]:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise _bad("The draft did not arrive as JSON.") from error
    if not isinstance(body, dict) or set(body) != {"content", "expected_revision"}:
        raise _bad("A save holds `content` and `expected_revision`.")
    expected = body["expected_revision"]
    if isinstance(expected, bool) or not isinstance(expected, int):
        raise _bad("`expected_revision` is a whole number.")
    return body["content"], expected


def _bad(message: str) -> Refused:
    refusal = Refused(message, code="bad_request")
    refusal.status = 400
    return refusal


def _problem(refusal: Refused, **extra: Any) -> JsonResponse:
    body = {"detail": str(refusal), "code": refusal.code, **extra}
    return JsonResponse(body, status=refusal.status)


def _valid(form: SeenForm) -> dict[str, Any]:
    if not form.is_valid():
        raise BadRequest("The form was not sent by the page.")
    return form.cleaned_data


def _act(
    request: HttpRequest, version: RubricVersion, done: str, action: Callable[[], object]
) -> HttpResponse:
    try:
        action()
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return _to("rubric_version", version)


def _to(url_name: str, version: RubricVersion) -> HttpResponse:
    return redirect(url_name, project_id=version.project_id, version_id=version.pk)
