"""Blind comparisons of an evaluation, for leads."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.comparisons.services import comparison_close as close
from annotation.comparisons.services import comparison_open as reopen
from training.access import TRAINERS
from training.comparisons import queries, services
from training.comparisons.access import comparison_for
from training.comparisons.forms import ComparisonForm
from training.evaluation.access import evaluation_for
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id


@require_safe
@project_page(*TRAINERS)
def comparisons(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = evaluation_for(member, run_id)
    context = {"member": member, "run": run, "results": queries.chosen_in(run, member)}
    return render(request, "comparisons/comparisons.html", context)


@require_http_methods(["GET", "POST"])
@project_page(*TRAINERS)
def comparison_new(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = evaluation_for(member, run_id)
    form = ComparisonForm(request.POST or None, run=run, initial={"key": new_id().hex})
    if request.method == "POST" and form.is_valid():
        try:
            link = services.comparison_start(run=run, actor=member.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.code if refusal.code in form.fields else None, str(refusal))
        else:
            words = f"“{link.comparison}” is open. The people you chose can judge it now."
            messages.success(request, words)
            return _to_comparisons(run_id, member)
    context = {"member": member, "run": run, "form": form}
    return render(request, "comparisons/new.html", context)


@require_POST
@project_page(*TRAINERS)
def comparison_close(
    request: HttpRequest, member: Member, run_id: UUID, comparison_id: UUID
) -> HttpResponse:
    comparison = comparison_for(evaluation_for(member, run_id), comparison_id).comparison
    if close(comparison=comparison, actor=member.user):
        messages.success(request, f"“{comparison}” is closed. What was judged is kept.")
    return _to_comparisons(run_id, member)


@require_POST
@project_page(*TRAINERS)
def comparison_open(
    request: HttpRequest, member: Member, run_id: UUID, comparison_id: UUID
) -> HttpResponse:
    comparison = comparison_for(evaluation_for(member, run_id), comparison_id).comparison
    if reopen(comparison=comparison, actor=member.user):
        messages.success(request, f"“{comparison}” is open again.")
    return _to_comparisons(run_id, member)


def _to_comparisons(run_id: UUID, member: Member) -> HttpResponse:
    return redirect("comparisons", project_id=member.project.pk, run_id=run_id)
