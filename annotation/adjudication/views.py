"""Pages of adjudication. A page and its htmx update render the same partial."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotation.adjudication import access, queries, results, services
from annotation.adjudication.access import ADJUDICATORS
from annotation.adjudication.exemplars import decision_to_draft
from annotation.models import Adjudication, Queue
from annotation.queues.access import queue_of
from annotation.queues.limits import ADJUDICATE_FROM
from annotation.ratings.drafts import BadDraft, by_uid
from annotation.ratings.labels import title_of
from rubrics.access import rubric_for
from rubrics.markdown import to_html
from webapp.accounts.access import Member
from webapp.accounts.pages import page_or_part, problem, project_page, saying
from webapp.errors import Refused
from webapp.text import read_json, whole_number


@require_safe
@project_page(*ADJUDICATORS)
def adjudication(request: HttpRequest, member: Member) -> HttpResponse:
    """The queues whose raters differ."""
    context = {"member": member, "rows": queries.progress_of_queues(member)}
    return render(request, "adjudication/adjudication.html", context)


@require_safe
@project_page(*ADJUDICATORS)
def adjudication_queue(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    """The items of one queue's list."""
    queue = queue_of(member, queue_id)
    progress, items = queries.list_of(member, queue)
    context = {
        "member": member,
        "queue": queue,
        "progress": progress,
        "items": items,
        "limit": ADJUDICATE_FROM,
    }
    return render(request, "adjudication/queue.html", context)


@require_POST
@project_page(*ADJUDICATORS)
def adjudicate_next(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    """Take the next item of a queue, or continue with the one that is held."""
    return _next(request, member, queue_of(member, queue_id))


@require_POST
@project_page(*ADJUDICATORS)
def adjudicate_take(request: HttpRequest, member: Member, item_id: UUID) -> HttpResponse:
    """Take this item of the list."""
    item = access.item_to_adjudicate(member, item_id)
    try:
        own = services.claim(item=item, member=member)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _to_list(member, item.queue)
    return redirect(_url("item", own))


@require_safe
@project_page(*ADJUDICATORS)
def adjudicate_item(request: HttpRequest, member: Member, adjudication_id: UUID) -> HttpResponse:
    own = access.own_adjudication(member, adjudication_id)
    if own.state == Adjudication.State.SUBMITTED:
        return _to_list(member, own.item.queue)
    return _item(request, member, own)


@require_POST
@project_page(*ADJUDICATORS)
def adjudicate_draft(request: HttpRequest, member: Member, adjudication_id: UUID) -> HttpResponse:
    """Keep a draft: JSON {scores, causes, rationales, revision, active_seconds}."""
    own = access.own_adjudication(member, adjudication_id)
    try:
        data = read_json(request.body)
        kept = services.draft_save(
            adjudication=own,
            draft=data,
            revision=int(data["revision"]),
            active_seconds=data.get("active_seconds", 0),
        )
    except services.StaleDraft as stale:
        return problem(stale, revision=stale.revision, draft=stale.draft)
    except Refused as refusal:
        return problem(refusal)
    except (BadDraft, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        detail = str(error) if isinstance(error, BadDraft) else "This is not a draft."
        return JsonResponse({"detail": detail, "code": "invalid"}, status=400)
    return JsonResponse({"revision": kept.revision, "is_held": kept.is_held})


@require_POST
@project_page(*ADJUDICATORS)
def adjudicate_submit(request: HttpRequest, member: Member, adjudication_id: UUID) -> HttpResponse:
    """Submit, and answer with the next item."""
    own = access.own_adjudication(member, adjudication_id)
    try:
        services.submit(
            adjudication=own,
            member=member,
            draft=_posted_draft(request),
            active_seconds=request.POST.get("active_seconds") or 0,
            revision=whole_number(request.POST.get("revision", "")),
        )
    except services.StaleDraft as stale:
        return _refused(request, own, stale, revision=stale.revision, draft=stale.draft)
    except services.Incomplete as incomplete:
        return _refused(request, own, incomplete, status=422, missing=incomplete.missing)
    except Refused as refusal:
        # What was handed in is kept as a draft, under a revision of its own.
        own.refresh_from_db(fields=["draft_revision"])
        return _refused(request, own, refusal, revision=own.draft_revision)
    except BadDraft as error:
        return _refused(request, own, Refused(str(error), code="invalid"), status=400)
    response = _next(request, member, own.item.queue)
    return saying(response, "desk:submitted", f"{title_of(own.item.target)} is settled.")


@require_POST
@project_page(*ADJUDICATORS)
def adjudicate_undo(request: HttpRequest, member: Member, adjudication_id: UUID) -> HttpResponse:
    own = access.own_adjudication(member, adjudication_id)
    try:
        services.undo(adjudication=own, member=member)
    except Refused as refusal:
        return _refused(request, own, refusal)
    return _go_to(request, member, access.own_adjudication(member, adjudication_id))


@require_POST
@project_page(*ADJUDICATORS)
def adjudicate_release(request: HttpRequest, member: Member, adjudication_id: UUID) -> HttpResponse:
    """Give the item back, and go to the list."""
    own = access.own_adjudication(member, adjudication_id)
    try:
        services.release(adjudication=own, member=member)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The item is free for somebody else. Your draft is saved.")
    return _to_list(member, own.item.queue)


@require_safe
@project_page(*ADJUDICATORS)
def adjudication_causes(request: HttpRequest, member: Member, rubric_id: UUID) -> HttpResponse:
    """Why raters differed, for a section of the rubric's page, and as a page of its own."""
    rubric = rubric_for(member, rubric_id)
    context = {"member": member, "rubric": rubric, "causes": results.causes_of(member, rubric)}
    return page_or_part(request, "adjudication/causes.html", context)


@require_POST
@project_page(*ADJUDICATORS)
def adjudication_to_draft(request: HttpRequest, member: Member, decision_id: UUID) -> HttpResponse:
    """Open the criterion in a draft, with the item as an exemplar."""
    decision = access.decision_for(member, decision_id)
    try:
        opened = decision_to_draft(decision=decision, member=member)
    except Refused as refusal:
        messages.error(request, str(refusal))
        rubric_id = decision.adjudication.item.queue.version.rubric_id
        return redirect("rubric", project_id=member.project.pk, rubric_id=rubric_id)
    if opened.level is not None:
        messages.success(
            request,
            f"The item is now an exemplar of {opened.criterion.name}, level {opened.level}.",
        )
    where = {"project_id": member.project.pk, "version_id": opened.version.pk}
    return redirect(f"{reverse('rubric_edit', kwargs=where)}#{quote(opened.criterion.uid)}")


def _next(request: HttpRequest, member: Member, queue: Queue) -> HttpResponse:
    own = services.claim_next(queue=queue, member=member)
    if own is None:
        return _done(request, member, queue)
    return _go_to(request, member, access.own_adjudication(member, own.pk))


def _go_to(request: HttpRequest, member: Member, own: Adjudication) -> HttpResponse:
    """Show an item after a POST: swapped in by htmx, or as a page of its own."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(_url("item", own))
    response = _item(request, member, own)
    response["HX-Push-Url"] = _url("item", own)
    return response


def _item(request: HttpRequest, member: Member, own: Adjudication) -> HttpResponse:
    item = queries.adjudication_item(member, own)
    context = {
        "member": member,
        "item": item,
        "causes": queries.CAUSES,
        "guidance": to_html(item.spec.guidance),
        "undoable": queries.undoable(member),
    }
    return page_or_part(request, "adjudication/item.html", context)


def _done(request: HttpRequest, member: Member, queue: Queue) -> HttpResponse:
    """Nothing more in this queue for this member, and what would change it."""
    context = {
        "member": member,
        "queue": queue,
        "here": queries.progress_in(member, queue),
        "undoable": queries.undoable(member),
    }
    response = page_or_part(request, "adjudication/done.html", context)
    response["HX-Push-Url"] = _list_url(member, queue)
    return response


def _refused(
    request: HttpRequest,
    own: Adjudication,
    refusal: Refused,
    *,
    status: int | None = None,
    **details: Any,
) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return problem(refusal, status=status, **details)
    messages.error(request, str(refusal))
    return redirect(_url("item", own))


def _posted_draft(request: HttpRequest) -> dict[str, dict[str, str]]:
    """The draft in a form's fields `score-<uid>`, `cause-<uid>` and `why-<uid>`."""
    fields = request.POST.dict()
    return {
        "scores": by_uid(fields, "score-"),
        "causes": by_uid(fields, "cause-"),
        "rationales": by_uid(fields, "why-"),
    }


def _url(action: str, own: Adjudication) -> str:
    where = {"project_id": own.project_id, "adjudication_id": own.pk}
    return reverse(f"adjudicate_{action}", kwargs=where)


def _list_url(member: Member, queue: Queue) -> str:
    where = {"project_id": member.project.pk, "queue_id": queue.pk}
    return reverse("adjudication_queue", kwargs=where)


def _to_list(member: Member, queue: Queue) -> HttpResponse:
    return redirect(_list_url(member, queue))
