"""Pages of difficulty runs."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotation.difficulty import queries, replies, services
from annotation.difficulty.access import difficulty_run_for
from annotation.difficulty.forms import DifficultyForm
from annotation.roles import RUN_STARTERS
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.text import whole_number

SHOWN = 100
# What the list of prompts can be narrowed to.
KINDS = (("", "All"), ("easy", "Easy"), ("hard", "Hard"), (queries.NONE, "Without pFAIL"))


@require_safe
@project_page(*RUN_STARTERS)
def difficulty_runs(request: HttpRequest, member: Member) -> HttpResponse:
    runs = queries.with_counts(queries.runs_of(member.project), member)[:SHOWN]
    return render(request, "difficulty/index.html", {"member": member, "runs": runs})


@require_http_methods(["GET", "POST"])
@project_page(*RUN_STARTERS)
def difficulty_new(request: HttpRequest, member: Member) -> HttpResponse:
    # The page asks for itself again when a version is chosen, and takes its levels.
    names = ("version", "collection", "endpoint")
    asked_for = {name: request.GET[name] for name in names if name in request.GET}
    initial = {"key": new_id().hex, **asked_for}
    form = DifficultyForm(request.POST or None, project=member.project, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            run = services.difficulty_start(
                project=member.project, actor=member.user, **form.asked()
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("difficulty_run", project_id=member.project.pk, run_id=run.pk)
    context = {"member": member, "form": form, "missing": form.missing()}
    return render(request, "difficulty/new.html", context)


@require_safe
@project_page(*RUN_STARTERS)
def difficulty_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = difficulty_run_for(member, run_id)
    context = {"member": member, "run": run, "state": queries.state_of(run, member)}
    return render(request, "difficulty/run.html", context)


@require_safe
@project_page(*RUN_STARTERS)
def difficulty_prompts(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    """The prompts with their pFAIL."""
    run = difficulty_run_for(member, run_id)
    kind = request.GET.get("difficulty", "")
    page = queries.page_of(run, member, kind, after=whole_number(request.GET.get("after", "")))
    context = {"member": member, "run": run, "kind": kind, "kinds": KINDS, "page": page}
    return render(request, "difficulty/prompts.html", context)


@require_safe
@project_page(*RUN_STARTERS)
def difficulty_replies(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    """One prompt with its replies, one below the other."""
    run = difficulty_run_for(member, run_id)
    shown = replies.prompt_of(run, member, whole_number(request.GET.get("prompt", "")) or 0)
    context = {"member": member, "run": run, "shown": shown}
    return render(request, "difficulty/replies.html", context)


@require_POST
@project_page(*RUN_STARTERS)
def difficulty_set(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    """Make a set of the easy or of the hard prompts, or go to the one that is there."""
    run = difficulty_run_for(member, run_id)
    difficulty = request.POST.get("difficulty", "")
    try:
        made = services.set_create(run=run, actor=member.user, difficulty=difficulty)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseClientRedirect(
            reverse("difficulty_run", args=[member.project.pk, run.pk])
        )
    return HttpResponseClientRedirect(reverse("set", args=[member.project.pk, made.pk]))
