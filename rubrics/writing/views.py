"""Pages to write on: a new rubric, the editor of a draft, its saves and what it asks meanwhile."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rubrics import access
from rubrics.core import wording
from rubrics.core.drafts import MAX_TEXT
from rubrics.core.example import example_of
from rubrics.core.spec import VETOES, to_json
from rubrics.markdown import to_html
from rubrics.models import RubricVersion
from rubrics.pages import about, to_page
from rubrics.writing import presence, queries, services
from rubrics.writing.forms import RubricForm
from webapp.accounts.access import Member
from webapp.accounts.pages import problem, project_page
from webapp.errors import Refused, Stale
from webapp.text import read_json
from webapp.ui import number, signed

CHOICES = {
    "targets": wording.TARGETS,
    "formulas": wording.FORMULAS,
    "scales": wording.SCALES,
    "categories": wording.CATEGORIES,
    "spans": wording.SPANS,
    "checks": wording.CHECKS,
    "vetoes": [(veto, name, wording.VETO_MEANINGS[veto]) for veto, name in VETOES.items()],
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


Answer = Callable[Concatenate[HttpRequest, Member, ...], HttpResponse]


def for_writers(view: Answer) -> Callable[..., HttpResponse]:
    """A POST of the editor: a refusal is JSON with the reason."""

    @require_POST
    @project_page(*access.WRITERS)
    @wraps(view)
    def answer(request: HttpRequest, member: Member, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, member, **kwargs)
        except Refused as refusal:
            return problem(refusal)

    return answer


@for_writers
def rubric_preview(request: HttpRequest, member: Member) -> HttpResponse:
    """Guidance as raters will read it: `{"text": ...}` gives sanitised HTML."""
    text = read_body(request, "text")["text"]
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise bad_request(f"`text` is a text of at most {MAX_TEXT:,} characters.")
    return HttpResponse(to_html(text))


@for_writers
def rubric_example(request: HttpRequest, member: Member) -> HttpResponse:
    """The total of an example: `{"content": draft, "levels": {uid: level}}`."""
    body = read_body(request, "content", "levels")
    found = example_of(services.read_content(body["content"]), _levels(body["levels"]))
    html = render_to_string("rubrics/_example.html", {"example": found})
    steps = {step.uid: signed(step.gain) for step in found.steps if step.gain is not None}
    return JsonResponse({"html": html, "total": number(found.total, 2), "steps": steps})


@for_writers
def rubric_merge(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """The sent text and the saved one as one text, and what a person has to choose:
    `{"base": draft or null, "content": draft, "choices": {...}}` (services.read_choices)."""
    version = access.version_for(member, version_id)
    body = read_body(request, "base", "content", "choices")
    base = None if body["base"] is None else services.read_content(body["base"])
    mine = services.read_content(body["content"])
    choices = services.read_choices(body["choices"])
    found = queries.merged(version, member.user, base, mine, choices)
    view = found.view
    html = render_to_string("rubrics/_conflict.html", {"merge": view})
    return JsonResponse(
        {
            "content": to_json(found.merge.spec),
            "saved": version.draft,
            "revision": version.revision,
            "saved_at": version.saved_at,
            "saved_by": str(version.saved_by or ""),
            "authors": found.authors,
            "conflicts": len(view.conflicts),
            "undecided": view.undecided,
            "taken": [
                {"where": one.where, "what": one.what, "side": one.side, "who": one.who}
                for one in view.taken
            ],
            "overridden": [asdict(one) for one in view.taken if one.is_override],
            "html": html,
        }
    )


@for_writers
def rubric_presence(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """Who else has the draft open, and which revision is saved: `{"tab": ..., "at": uid}`.
    With `at` null the tab is closed."""
    version = access.version_for(member, version_id)
    body = read_body(request, "tab", "at")
    tab = short_text(body["tab"], "tab")
    if body["at"] is None:
        presence.leave(version, member.user, tab=tab)
        return HttpResponse(status=204)
    people = presence.here(version, member.user, tab=tab, at=short_text(body["at"], "at"))
    return JsonResponse(
        {
            "people": [asdict(one) for one in people],
            "revision": version.revision,
            "status": version.status,
            "closed": services.why_closed(version),
        }
    )


def _levels(given: object) -> dict[str, int]:
    if not isinstance(given, dict) or not all(type(value) is int for value in given.values()):
        raise bad_request("`levels` names a whole number for each criterion.")
    return given


def read_body(request: HttpRequest, *keys: str) -> dict[str, Any]:
    """The body, an object with exactly `keys`. Raises Refused."""
    try:
        body = read_json(request.body)
    except (ValueError, RecursionError) as error:
        raise bad_request("The draft did not arrive as JSON.") from error
    if not isinstance(body, dict) or set(body) != set(keys):
        names = " and ".join(f"`{key}`" for key in keys)
        raise bad_request(f"This needs an object of {names}.")
    return body


def short_text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > 64:
        raise bad_request(f"`{name}` is a text of at most 64 characters.")
    return value


def bad_request(message: str) -> Refused:
    refusal = Refused(message, code="bad_request")
    refusal.status = 400
    return refusal
