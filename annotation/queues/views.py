"""Pages of queues, for leads."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from annotation.queues import access, queries, services
from annotation.queues.forms import AdjudicateFromForm, QueueForm, QueueRatersForm
from annotation.queues.limits import ADJUDICATE_FROM
from annotation.ratings.labels import title_of
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.accounts.pages import project_page
from webapp.errors import Refused


@require_safe
@project_page(Role.LEAD)
def queues(request: HttpRequest, member: Member) -> HttpResponse:
    context = {"member": member, "queues": queries.queues_of(member.project)[:200]}
    return render(request, "queues/queues.html", context)


@project_page(Role.LEAD)
def queue_new(request: HttpRequest, member: Member) -> HttpResponse:
    form = QueueForm(request.POST or None, project=member.project, initial=_chosen(request))
    if request.method == "POST" and form.is_valid():
        try:
            queue = services.queue_create(project=member.project, actor=member.user, **form.plan())
        except Refused as refusal:
            form.add_error(refusal.code if refusal.code in form.fields else None, str(refusal))
        else:
            words = f"“{queue.name}” is open. Annotators can rate it now."
            messages.success(request, words)
            return _to_queue(member, queue.pk)
    return render(request, "queues/new.html", {"member": member, "form": form})


@require_safe
@project_page(Role.LEAD)
def queue(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    found = access.queue_of(member, queue_id)
    concerns, hidden = queries.concerns_of(member, found)
    people = queries.people_of(found)
    places = {person.user.pk for person in people if person.has_place}
    context = {
        "member": member,
        "queue": found,
        "progress": queries.progress_of(found),
        "people": people,
        "places": places,
        "too_few": len(places) if len(places) < found.overlap else None,
        "concerns": concerns,
        "hidden": hidden,
        "annotators": queries.annotators_of(member.project),
    }
    return render(request, "queues/queue.html", context)


@require_POST
@project_page(Role.LEAD)
def queue_close(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    found = access.queue_of(member, queue_id)
    if services.queue_close(queue=found, actor=member.user):
        messages.success(request, f"“{found.name}” is closed. Drafts are kept.")
    return _to_queue(member, queue_id)


@require_POST
@project_page(Role.LEAD)
def queue_open(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    found = access.queue_of(member, queue_id)
    if services.queue_open(queue=found, actor=member.user):
        messages.success(request, f"“{found.name}” is open again.")
    return _to_queue(member, queue_id)


@require_POST
@project_page(Role.LEAD)
def queue_raters(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    found = access.queue_of(member, queue_id)
    form = QueueRatersForm(request.POST, queue=found)
    try:
        raters = list(form.cleaned_data["raters"]) if form.is_valid() else []
        services.queue_set_raters(queue=found, actor=member.user, raters=raters)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        who = "1 person" if len(raters) == 1 else f"{len(raters)} people"
        messages.success(request, f"{who} can rate in “{found.name}” now.")
    return _to_queue(member, queue_id)


@require_POST
@project_page(Role.LEAD)
def queue_adjudicate_from(request: HttpRequest, member: Member, queue_id: UUID) -> HttpResponse:
    """Set how far apart raters must be for an adjudicator, from the page of its list."""
    found = access.queue_of(member, queue_id)
    form = AdjudicateFromForm(request.POST)
    if form.is_valid():
        services.queue_set_adjudicate_from(queue=found, actor=member.user, **form.cleaned_data)
        messages.success(request, "The list follows the new setting.")
    else:
        messages.error(request, str(ADJUDICATE_FROM))
    return redirect("adjudication_queue", project_id=member.project.pk, queue_id=queue_id)


@require_POST
@project_page(Role.LEAD)
def concern_handle(request: HttpRequest, member: Member, concern_id: UUID) -> HttpResponse:
    """Mark a reported concern as handled, from the page of its queue."""
    found = access.concern_of(member, concern_id)
    try:
        read_at = _moment(request.POST.get("read_at", ""))
        services.concern_handle(concern=found, actor=member.user, read_at=read_at)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The concern about {title_of(found.item.target)} is handled.")
    where = reverse("queue", args=[member.project.pk, found.item.queue_id])
    return redirect(f"{where}#concerns")


def _moment(given: str) -> datetime | None:
    try:
        return parse_datetime(given)
    except ValueError:
        return None


def _chosen(request: HttpRequest) -> dict[str, str]:
    """What a link into the form may fill in: `?collection=...`, `?snapshot=...`."""
    for kind in ("collection", "snapshot"):
        if pk := request.GET.get(kind):
            return {"source": f"{kind}:{pk}"}
    return {}


def _to_queue(member: Member, queue_id: UUID) -> HttpResponse:
    return redirect("queue", project_id=member.project.pk, queue_id=queue_id)
