"""Pages of evaluations."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from training.access import TRAINERS
from training.comparisons.queries import chosen_in
from training.evaluation import answers, queries, services, tables
from training.evaluation.access import evaluation_for
from training.evaluation.forms import EvaluationForm
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.text import whole_number

SHOWN = 100
# How a table leaves the studio: content type and writer.
FORMATS = {
    "csv": ("text/csv; charset=utf-8", tables.as_csv),
    "md": ("text/markdown; charset=utf-8", tables.as_markdown),
    "tex": ("application/x-tex; charset=utf-8", tables.as_latex),
}


@require_safe
@project_page(*TRAINERS)
def evaluations(request: HttpRequest, member: Member) -> HttpResponse:
    runs = queries.evaluations_of(member.project)[:SHOWN]
    return render(request, "evaluation/index.html", {"member": member, "runs": runs})


@require_http_methods(["GET", "POST"])
@project_page(*TRAINERS)
def evaluation_new(request: HttpRequest, member: Member) -> HttpResponse:
    initial = {"key": new_id().hex, "endpoints": request.GET.getlist("endpoint")}
    form = EvaluationForm(request.POST or None, project=member.project, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            run = services.evaluation_start(
                project=member.project, actor=member.user, **form.cleaned_data
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("evaluation", project_id=member.project.pk, run_id=run.pk)
    context = {"member": member, "form": form, "missing": form.missing()}
    return render(request, "evaluation/new.html", context)


@require_safe
@project_page(*TRAINERS)
def evaluation(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = evaluation_for(member, run_id)
    state = queries.state_of(run, member, against=whole_number(request.GET.get("against", "")) or 0)
    context = {"member": member, "run": run, "state": state, "chosen": chosen_in(run, member)}
    return render(request, "evaluation/run.html", context)


@require_safe
@project_page(*TRAINERS)
def evaluation_answers(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    """One prompt with all its answers, one below the other."""
    run = evaluation_for(member, run_id)
    shown = answers.prompt_of(run, member, whole_number(request.GET.get("prompt", "")) or 0)
    return render(
        request, "evaluation/answers.html", {"member": member, "run": run, "shown": shown}
    )


@require_safe
@project_page(*TRAINERS)
def evaluation_export(
    request: HttpRequest, member: Member, run_id: UUID, form: str
) -> HttpResponse:
    run = evaluation_for(member, run_id)
    if form not in FORMATS:
        raise Http404
    content_type, write = FORMATS[form]
    chosen = whole_number(request.GET.get("against", "")) or 0
    against = queries.state_of(run, member, against=chosen).against
    return HttpResponse(
        write(queries.tables_of(run, member, against=against)),
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="evaluation-{run.number}.{form}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
