"""The annotator's desk. A page and its htmx update render the same partial."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotation.comparisons.queries import waiting_comparisons
from annotation.desk import places, queries, services
from annotation.desk.changes import changeable
from annotation.models import Assignment, Queue
from annotation.queues.waiting import waiting_queues
from annotation.ratings.drafts import BadDraft, by_uid
from annotation.ratings.labels import title_of
from annotation.ratings.services import rater_for_person
from rubrics.markdown import to_html
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.accounts.pages import page_or_part, problem, project_page, saying
from webapp.errors import Refused
from webapp.ids import as_uuid
from webapp.text import read_json, whole_number


@require_safe
@project_page(Role.ANNOTATOR)
def desk(request: HttpRequest, member: Member) -> HttpResponse:
    context = {
        "member": member,
        "waiting": waiting_queues(member),
        "comparisons": waiting_comparisons(member),
        "skipped": queries.skipped_by(member),
    }
    return render(request, "desk/desk.html", context)


@require_POST
@project_page(Role.ANNOTATOR)
def desk_next(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    """Take the next item of a queue, or continue with the one that is held."""
    queue = places.queue_to_rate(member, queue_id)
    try:
        return _next(request, member, queue)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("desk", project_id=member.project.pk)


@require_safe
@project_page(Role.ANNOTATOR)
def desk_item(request: HttpRequest, member: Member, assignment_id: UUID) -> HttpResponse:
    assignment = places.own_assignment(member, assignment_id)
    is_submitted = assignment.state == Assignment.State.SUBMITTED
    if is_submitted and not changeable(member).filter(pk=assignment.pk).exists():
        return redirect("my_ratings", project_id=member.project.pk)
    return _item(request, member, assignment)


@require_POST
@project_page(Role.ANNOTATOR)
def desk_draft(request: HttpRequest, member: Member, assignment_id: UUID) -> HttpResponse:
    """Keep a draft: JSON {scores, rationales, revision, active_seconds, replaces}."""
    assignment = places.own_assignment(member, assignment_id)
    try:
        data = read_json(request.body)
        kept = services.draft_save(
            assignment=assignment,
            draft=data,
            revision=int(data["revision"]),
            active_seconds=data.get("active_seconds", 0),
            replaces=as_uuid(str(data.get("replaces", ""))),
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
@project_page(Role.ANNOTATOR)
def desk_submit(request: HttpRequest, member: Member, assignment_id: UUID) -> HttpResponse:
    """Submit, and answer with the next item; a change is answered with the list it came from."""
    assignment = places.own_assignment(member, assignment_id)
    replaces = as_uuid(request.POST.get("replaces", ""))
    try:
        services.submit(
            assignment=assignment,
            draft=_posted_draft(request),
            active_seconds=request.POST.get("active_seconds") or 0,
            revision=whole_number(request.POST.get("revision", "")),
            replaces=replaces,
        )
    except services.StaleDraft as stale:
        return _refused(request, assignment, stale, revision=stale.revision, draft=stale.draft)
    except services.Incomplete as incomplete:
        return _refused(request, assignment, incomplete, status=422, missing=incomplete.missing)
    except Refused as refusal:
        # What was handed in is kept as a draft, under a revision of its own.
        assignment.refresh_from_db(fields=["draft_revision"])
        return _refused(request, assignment, refusal, revision=assignment.draft_revision)
    except BadDraft as error:
        return _refused(request, assignment, Refused(str(error), code="invalid"), status=400)
    title = title_of(assignment.item.target)
    if replaces is not None:
        messages.success(request, f"Your rating of {title} is changed. Only the new one counts.")
        return saying(_to_my_ratings(request, member), "desk:submitted", f"{title} is changed.")
    response = _next(request, member, assignment.item.queue)
    return saying(response, "desk:submitted", f"{title} is submitted.")


@require_POST
@project_page(Role.ANNOTATOR)
def desk_undo(request: HttpRequest, member: Member, assignment_id: UUID) -> HttpResponse:
    assignment = places.own_assignment(member, assignment_id)
    title = title_of(assignment.item.target)
    if assignment.state == Assignment.State.SKIPPED:
        words = f"{title} is no longer skipped."
    else:
        words = f"Your rating of {title} is taken back."
    try:
        services.undo(assignment=assignment, actor=member.user)
    except Refused as refusal:
        return _refused(request, assignment, refusal)
    response = _go_to(request, member, places.own_assignment(member, assignment_id))
    return saying(response, "desk:undone", words)


@require_POST
@project_page(Role.ANNOTATOR)
def desk_skip(request: HttpRequest, member: Member, assignment_id: UUID) -> HttpResponse:
    assignment = places.own_assignment(member, assignment_id)
    try:
        services.skip(
            assignment=assignment, actor=member.user, reason=request.POST.get("reason", "")
        )
        response = _next(request, member, assignment.item.queue)
    except Refused as refusal:
        return _refused(request, assignment, refusal)
    return saying(response, "desk:skipped", f"{title_of(assignment.item.target)} is skipped.")


@require_POST
@project_page(Role.ANNOTATOR)
def desk_flag(request: HttpRequest, member: Member, assignment_id: UUID) -> HttpResponse:
    assignment = places.own_assignment(member, assignment_id)
    try:
        services.flag(
            assignment=assignment, actor=member.user, reason=request.POST.get("reason", "")
        )
    except Refused as refusal:
        return _refused(request, assignment, refusal)
    words = "The lead will see your concern. Continue, or skip the item."
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, words)
        return _go_to(request, member, assignment)
    return saying(HttpResponse(status=204), "desk:flagged", words)


@require_safe
@project_page(Role.ANNOTATOR)
def my_ratings(request: HttpRequest, member: Member) -> HttpResponse:
    ratings = queries.own_ratings(member, before=as_uuid(request.GET.get("before", "")))
    context = {
        "member": member,
        "ratings": ratings,
        "is_first_page": "before" not in request.GET,
        "more": ratings[-1].rating.pk if len(ratings) == queries.PAGE else None,
        "undoable": queries.undoable(member),
    }
    return render(request, "desk/my_ratings.html", context)


def _next(request: HttpRequest, member: Member, queue: Queue) -> HttpResponse:
    rater = rater_for_person(project=member.project, user=member.user)
    try:
        claimed = services.claim_next(queue=queue, rater=rater)
    except Refused as refusal:
        return _done(request, member, queue, str(refusal))
    if claimed is None:
        return _done(request, member, queue)
    return _go_to(request, member, places.own_assignment(member, claimed.pk))


def _go_to(request: HttpRequest, member: Member, assignment: Assignment) -> HttpResponse:
    """Show an item after a POST: swapped in by htmx, or as a page of its own."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(_url("item", assignment))
    response = _item(request, member, assignment)
    response["HX-Push-Url"] = _url("item", assignment)
    return response


def _to_my_ratings(request: HttpRequest, member: Member) -> HttpResponse:
    url = reverse("my_ratings", kwargs={"project_id": member.project.pk})
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(url)
    return redirect(url)


def _item(request: HttpRequest, member: Member, assignment: Assignment) -> HttpResponse:
    item = queries.desk_item(member, assignment)
    context = {
        "member": member,
        "item": item,
        "guidance": to_html(item.spec.guidance),
        "undoable": queries.undoable(member),
    }
    return page_or_part(request, "desk/item.html", context)


def _done(request: HttpRequest, member: Member, queue: Queue, reason: str = "") -> HttpResponse:
    """Nothing more in this queue for this person, and what would change it."""
    waiting = waiting_queues(member)
    context = {
        "member": member,
        "queue": queue,
        "reason": reason,
        "here": next((w for w in waiting if w.queue.pk == queue.pk), None),
        "others": [w for w in waiting if w.queue.pk != queue.pk and w.free],
        "undoable": queries.undoable(member),
    }
    response = page_or_part(request, "desk/done.html", context)
    response["HX-Push-Url"] = reverse("desk", kwargs={"project_id": member.project.pk})
    return response


def _refused(
    request: HttpRequest,
    assignment: Assignment,
    refusal: Refused,
    *,
    status: int | None = None,
    **details: Any,
) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return problem(refusal, status=status, **details)
    messages.error(request, str(refusal))
    return redirect(_url("item", assignment))


def _posted_draft(request: HttpRequest) -> dict[str, dict[str, str]]:
    """The draft in a form's fields `score-<uid>` and `why-<uid>`."""
    fields = request.POST.dict()
    return {"scores": by_uid(fields, "score-"), "rationales": by_uid(fields, "why-")}


def _url(action: str, assignment: Assignment) -> str:
    where = {"project_id": assignment.project_id, "assignment_id": assignment.pk}
    return reverse(f"desk_{action}", kwargs=where)
