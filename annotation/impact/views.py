"""Pages that try a draft: the playground beside the editor, impact previews."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from annotation.impact import services
from annotation.impact.access import impact_run_for, playground_run_for
from annotation.impact.forms import ImpactForm, PlaygroundForm, readers_first
from annotation.impact.limits import MAX_PASTED
from annotation.impact.preview import ImpactState, impact_runs_of
from annotation.impact.results import playground_state, unread_by
from annotation.impact.text_search import texts_for
from annotation.models import PlaygroundRun
from rubrics.access import WRITERS, version_for
from rubrics.core.spec import from_json
from rubrics.judges.queries import short_reason
from rubrics.queries import published_before, text_of
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id


@require_http_methods(["GET", "POST"])
@project_page(*WRITERS)
def playground(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """The pane as a fragment, with this person's last try; POST scores."""
    version = version_for(member, version_id)
    if request.method == "POST":
        return _score(request, member, version_id)
    spec = from_json(text_of(version))
    judges = readers_first(member.project)
    last = (
        PlaygroundRun.objects.filter(version=version, created_by=member.user)
        .order_by("-number")
        .values_list("pk", flat=True)
        .first()
    )
    state = playground_state(playground_run_for(member, last), member) if last else None
    context = {
        "member": member,
        "version": version,
        "spec": spec,
        "judges": [(judge, unread_by(judge, spec), short_reason(judge)) for judge in judges],
        "state": state,
        "run": state.run if state else None,
        "limit": MAX_PASTED,
    }
    return render(request, "impact/_pane.html", context)


def _score(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = version_for(member, version_id)
    form = PlaygroundForm(request.POST, project=member.project)
    if not form.is_valid():
        first = next(iter(form.errors.values()))[0]
        return _refused(request, str(first), status=400)
    try:
        run = services.playground_start(version=version, actor=member.user, **form.asked())
    except Refused as refusal:
        return _refused(request, str(refusal), status=refusal.status)
    return _result(request, member, run.pk)


def _refused(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    answer = render(request, "impact/_refused.html", {"message": message}, status=status)
    answer["HX-Retarget"] = "#playground-refused"
    return answer


@require_GET
@project_page(*WRITERS)
def playground_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    return _result(request, member, run_id)


def _result(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    state = playground_state(playground_run_for(member, run_id), member)
    context = {"member": member, "run": state.run, "state": state}
    return render(request, "impact/_result.html", context)


@require_GET
@project_page(*WRITERS)
def playground_texts(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = version_for(member, version_id)
    target = str(text_of(version)["target"])
    query = request.GET.get("q", "")
    context = {"picks": texts_for(member, target, query), "query": query, "target": target}
    return render(request, "impact/_picks.html", context)


@require_http_methods(["GET", "POST"])
@project_page(*WRITERS)
def impact(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """The previews of a draft, and the form that starts one."""
    version = version_for(member, version_id)
    form = ImpactForm(
        request.POST or None,
        project=member.project,
        version=version,
        initial={"key": new_id().hex},
    )
    if request.method == "POST" and form.is_valid():
        try:
            run = services.impact_start(version=version, actor=member.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("impact_run", project_id=member.project.pk, run_id=run.pk)
    context = {
        "member": member,
        "version": version,
        "form": form,
        "base": published_before(version),
        "runs": impact_runs_of(member.project).filter(version__rubric=version.rubric)[:50],
        "judges": readers_first(member.project).exists(),
        "samples": form.fields["sample"].choices,
    }
    return render(request, "impact/impact.html", context)


@require_GET
@project_page(*WRITERS)
def impact_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = impact_run_for(member, run_id)
    context = {"member": member, "run": run, "state": ImpactState(run, member)}
    return render(request, "impact/run.html", context)
