"""Pages of judges, judge runs and fits."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotation.judge_runs import queries, services
from annotation.judge_runs.access import fit_run_for, judge_run_for
from annotation.judge_runs.forms import FitForm, JudgeRunForm, LLMJudgeForm, TextFilter
from annotation.judge_runs.texts import texts_of
from annotation.roles import JUDGING_READERS, RUN_STARTERS
from rubrics.core.spec import from_json
from rubrics.judges import services as judges
from rubrics.judges.access import judge_for
from rubrics.judges.queries import judges_of
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.text import whole_number

# What stands at the head of each form.
FITTING = "This judge learns from ratings to score as their raters do. It needs no model server."
READING = "A language model reads each text with the rubric and gives every criterion a level."
JUDGING = (
    "A judge scores the texts of a set with one rubric version. People’s ratings stay as they are."
)


@require_safe
@project_page(*JUDGING_READERS)
def judging(request: HttpRequest, member: Member) -> HttpResponse:
    context = {
        "member": member,
        "judges": queries.listed_judges(member, list(judges_of(member.project)[:100])),
        "runs": queries.judge_runs_of(member.project)[:50],
        "fits": queries.fit_runs_of(member)[:20],
    }
    return render(request, "judging/index.html", context)


@project_page(*RUN_STARTERS)
def judge_fit(request: HttpRequest, member: Member) -> HttpResponse:
    form = FitForm(request.POST or None, project=member.project, initial={"key": new_id().hex})
    if request.method == "POST" and form.is_valid():
        try:
            run = services.fit_start(project=member.project, actor=member.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("fit_run", project_id=member.project.pk, run_id=run.pk)
    return _form_page(request, member, form, "Fit a judge", "Fit the judge", FITTING)


@project_page(*RUN_STARTERS)
def judge_new(request: HttpRequest, member: Member) -> HttpResponse:
    # A link may name the judge whose next version this will be.
    initial = {"key": new_id().hex, "name": request.GET.get("name", "")}
    form = LLMJudgeForm(request.POST or None, project=member.project, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            judges.judge_create_llm(
                project=member.project,
                actor=member.user,
                name=chosen["name"],
                endpoint=chosen["endpoint"],
                parameters={"mode": chosen["mode"], "temperature": chosen["temperature"]},
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("judging", project_id=member.project.pk)
    title = "Add a language model as judge"
    return _form_page(request, member, form, title, "Add the judge", READING)


@require_POST
@project_page(*RUN_STARTERS)
def judge_renew(request: HttpRequest, member: Member, judge_id: UUID) -> HttpResponse:
    """Create the next version of a judge whose endpoint has changed."""
    try:
        made = judges.judge_renew(judge=judge_for(member, judge_id), actor=member.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{made} was created. Choose it for new runs.")
    page = redirect("judging", project_id=member.project.pk)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(page.url)
    return page


@project_page(*RUN_STARTERS)
def judge_run_new(request: HttpRequest, member: Member) -> HttpResponse:
    asked_for = {name: request.GET[name] for name in ("judge", "collection") if name in request.GET}
    form = JudgeRunForm(
        request.POST or None, project=member.project, initial={"key": new_id().hex, **asked_for}
    )
    if request.method == "POST" and form.is_valid():
        try:
            run = services.judge_collection(
                project=member.project, actor=member.user, **form.cleaned_data
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("judge_run", project_id=member.project.pk, run_id=run.pk)
    return _form_page(request, member, form, "Start a judge run", "Start judging", JUDGING)


def _form_page(
    request: HttpRequest, member: Member, form: forms.Form, title: str, action: str, lede: str
) -> HttpResponse:
    context = {"member": member, "form": form, "title": title, "action": action, "lede": lede}
    return render(request, "judging/form.html", context)


@require_safe
@project_page(*JUDGING_READERS)
def judge_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = judge_run_for(member, run_id)
    context = {
        "member": member,
        "run": run,
        "state": queries.state_of(run, member),
        "warnings": queries.warnings_of(run.judge, member),
    }
    return render(request, "judging/run.html", context)


@require_safe
@project_page(*JUDGING_READERS)
def judge_run_texts(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    """All texts of a run, with their scores or why there is none."""
    run = judge_run_for(member, run_id)
    form = TextFilter(request.GET, spec=from_json(run.spec.content))
    found = texts_of(run, member, form.wanted(whole_number(request.GET.get("page", "")) or 1))
    context = {"member": member, "run": run, "form": form, "found": found}
    return render(request, "judging/texts.html", context)


@require_safe
@project_page(*JUDGING_READERS)
def fit_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = fit_run_for(member, run_id)
    context = {"member": member, "run": run, "state": queries.fit_state_of(run, member)}
    return render(request, "judging/fit.html", context)
