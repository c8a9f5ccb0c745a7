"""Pages of generation runs."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from annotation.generation import queries, services
from annotation.generation.access import generation_run_for
from annotation.generation.forms import GenerationForm
from annotation.roles import RUN_STARTERS
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id


@require_safe
@project_page(*RUN_STARTERS)
def generation_runs(request: HttpRequest, member: Member) -> HttpResponse:
    context = {"member": member, "runs": queries.runs_of(member.project)[:100]}
    return render(request, "generation/runs.html", context)


@project_page(*RUN_STARTERS)
def generation_new(request: HttpRequest, member: Member) -> HttpResponse:
    # The page asks for itself again when a critic is chosen, and takes the critic's fields.
    chosen = {"key": new_id().hex, "critic_version": request.GET.get("critic_version", "")}
    form = GenerationForm(request.POST or None, project=member.project, initial=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            run = services.generation_start(
                project=member.project, actor=member.user, **form.asked()
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("generation_run", project_id=member.project.pk, run_id=run.pk)
    return render(request, "generation/new.html", {"member": member, "form": form})


@require_safe
@project_page(*RUN_STARTERS)
def generation_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = generation_run_for(member, run_id)
    context = {"member": member, "run": run, "state": queries.state_of(run, member)}
    return render(request, "generation/run.html", context)
