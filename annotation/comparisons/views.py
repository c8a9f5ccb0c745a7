"""Judge pairs of replies. A page and its htmx update render the same partial."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotation.comparisons import access, judging, queries
from annotation.models import Comparison, PairJudgement
from annotation.ratings.drafts import BadDraft
from annotation.ratings.services import rater_for_person
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.accounts.pages import page_or_part, project_page, saying
from webapp.errors import Refused


@require_POST
@project_page(Role.ANNOTATOR)
def pair_next(request: HttpRequest, member: Member, comparison_id: UUID) -> HttpResponse:
    """Take the next pair of a comparison, or go on with the one that is held."""
    return _next(request, member, access.comparison_to_judge(member, comparison_id))


@require_safe
@project_page(Role.ANNOTATOR)
def pair(request: HttpRequest, member: Member, judgement_id: UUID) -> HttpResponse:
    judgement = access.own_judgement(member, judgement_id)
    if judgement.state == PairJudgement.State.SUBMITTED:
        return redirect("desk", project_id=member.project.pk)
    return _pair(request, member, judgement)


@require_POST
@project_page(Role.ANNOTATOR)
def pair_judge(request: HttpRequest, member: Member, judgement_id: UUID) -> HttpResponse:
    """Submit a choice, and answer with the next pair. Where the choice can't be taken, the answer
    says why, and is the next pair as well: nothing can be done about this one."""
    judgement = access.own_judgement(member, judgement_id)
    try:
        judging.judge(
            judgement=judgement,
            choice=request.POST.get("choice", ""),
            active_seconds=request.POST.get("active_seconds") or 0,
        )
    except (Refused, BadDraft) as refusal:
        return _next(request, member, judgement.pair.comparison, str(refusal))
    response = _next(request, member, judgement.pair.comparison)
    return saying(response, "pair:judged", f"Pair {judgement.pair.position + 1:,} is judged.")


@require_POST
@project_page(Role.ANNOTATOR)
def pair_undo(request: HttpRequest, member: Member, judgement_id: UUID) -> HttpResponse:
    judgement = access.own_judgement(member, judgement_id)
    try:
        judging.undo(judgement=judgement, actor=member.user)
    except Refused as refusal:
        return _next(request, member, judgement.pair.comparison, str(refusal))
    return _go_to(request, member, access.own_judgement(member, judgement_id))


def _next(
    request: HttpRequest, member: Member, comparison: Comparison, problem: str = ""
) -> HttpResponse:
    rater = rater_for_person(project=member.project, user=member.user)
    try:
        claimed = judging.claim_next(comparison=comparison, rater=rater)
    except Refused as refusal:
        return _done(request, member, comparison, problem or str(refusal))
    if claimed is None:
        return _done(request, member, comparison, problem)
    return _go_to(request, member, access.own_judgement(member, claimed.pk), problem)


def _go_to(
    request: HttpRequest, member: Member, judgement: PairJudgement, problem: str = ""
) -> HttpResponse:
    """Show a pair after a POST: swapped in by htmx, or as a page of its own."""
    url = reverse("pair", args=[judgement.project_id, judgement.pk])
    if not request.htmx:  # type: ignore[attr-defined]
        if problem:
            messages.error(request, problem)
        return redirect(url)
    response = _pair(request, member, judgement, problem)
    response["HX-Push-Url"] = url
    return response


def _pair(
    request: HttpRequest, member: Member, judgement: PairJudgement, problem: str = ""
) -> HttpResponse:
    context = {
        "member": member,
        "shown": queries.shown_pair(member, judgement),
        "undoable": queries.undoable(member),
        "problem": problem,
    }
    return page_or_part(request, "comparisons/pair.html", context)


def _done(
    request: HttpRequest, member: Member, comparison: Comparison, problem: str = ""
) -> HttpResponse:
    """Nothing more in this comparison for this person, and what would change it."""
    waiting = queries.waiting_comparisons(member)
    context = {
        "member": member,
        "comparison": comparison,
        "problem": problem,
        "here": next((w for w in waiting if w.comparison.pk == comparison.pk), None),
        "back_at": queries.free_again_at(member, comparison),
        "others": [w for w in waiting if w.comparison.pk != comparison.pk and w.free],
        "undoable": queries.undoable(member),
    }
    response = page_or_part(request, "comparisons/done.html", context)
    response["HX-Push-Url"] = reverse("desk", args=[member.project.pk])
    return response
