"""What the editor asks while somebody writes. Nothing here changes a draft."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any, Concatenate, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from rubrics import access, queries, services
from rubrics.conflicts import merge_in_words
from rubrics.drafts import MAX_TEXT
from rubrics.example import example_of
from rubrics.markdown import to_html
from rubrics.merge import Side
from rubrics.services import presence
from rubrics.spec import to_json
from rubrics.views.bodies import bad_request, problem, read_body, short_text
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ui import number, signed

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
    `{"base": draft or null, "content": draft, "choices": {key: "mine" or "theirs"}}`."""
    version = access.version_for(member, version_id)
    body = read_body(request, "base", "content", "choices")
    base = None if body["base"] is None else services.read_content(body["base"])
    mine = services.read_content(body["content"])
    found, theirs = queries.merged(version, base, mine, _choices(body["choices"]))
    view = merge_in_words(found, mine, theirs)
    html = render_to_string("rubrics/_conflict.html", {"merge": view, "version": version})
    return JsonResponse(
        {
            "content": to_json(found.spec),
            "saved": version.draft,
            "revision": version.revision,
            "saved_at": version.saved_at,
            "saved_by": str(version.saved_by or ""),
            "conflicts": len(view.conflicts),
            "undecided": view.undecided,
            "taken": [asdict(one) for one in view.taken],
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
        }
    )


def _levels(given: object) -> dict[str, int]:
    if not isinstance(given, dict) or not all(type(value) is int for value in given.values()):
        raise bad_request("`levels` names a whole number for each criterion.")
    return given


def _choices(given: object) -> dict[str, Side]:
    sides = ("mine", "theirs")
    if not isinstance(given, dict) or any(side not in sides for side in given.values()):
        raise bad_request("`choices` names “mine” or “theirs” for each place.")
    return cast(dict[str, Side], given)
