"""Pages of judges on the battery."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from annotation.batteries.access import battery_run_for
from annotation.batteries.forms import NewBatteryForm
from annotation.batteries.results import state_of
from annotation.batteries.services import battery_start
from annotation.roles import JUDGING_READERS, RUN_STARTERS
from rubrics.judges.access import judge_for
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused


@require_POST
@project_page(*RUN_STARTERS)
def battery_new(request: HttpRequest, member: Member, judge_id: UUID) -> HttpResponse:
    """Try a judge by the newest rubric version that fits it."""
    judge = judge_for(member, judge_id)
    form = NewBatteryForm(request.POST)
    form.full_clean()
    try:
        run = battery_start(
            project=member.project,
            actor=member.user,
            # The service refuses one that is missing.
            key=form.cleaned_data.get("key", ""),
            judge=judge,
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("judging", project_id=member.project.pk)
    return redirect("battery_run", project_id=member.project.pk, run_id=run.pk)


@require_safe
@project_page(*JUDGING_READERS)
def battery_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = battery_run_for(member, run_id)
    context = {"member": member, "run": run, "state": state_of(run, member)}
    return render(request, "batteries/run.html", context)
