"""Pages about what changed: any two versions side by side, and who wrote what in a criterion."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from rubrics import access, history
from rubrics.diff import in_one_sentence
from rubrics.models import RubricVersion
from rubrics.views.outcomes import restoring
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page


@require_GET
@project_page()
def rubric_compare(request: HttpRequest, member: Member, rubric_id: UUID) -> HttpResponse:
    """Two versions of a rubric, `?from=…&to=…`; the newest and the one before by default."""
    rubric = access.rubric_for(member, rubric_id)
    versions = access.versions_with_texts(member, rubric)
    new = _chosen(versions, request.GET.get("to")) or versions[0]
    earlier = [version for version in versions if version.number < new.number]
    old = _chosen(versions, request.GET.get("from")) or next(
        (version for version in earlier if not version.is_set_aside), new
    )
    diff = history.difference(old, new)
    context = {
        "member": member,
        "rubric": rubric,
        "versions": versions,
        "old": old,
        "new": new,
        "diff": diff,
        "finding": in_one_sentence(diff),
        "side_by_side": request.GET.get("layout") == "side",
        "may_write": access.may_write(member),
        **restoring(member, old, versions),
    }
    if new.is_open and access.may_write(member):
        context["consequences"] = history.consequences(member.project, history.spec_of(new))
    return render(request, "rubrics/compare.html", context)


@require_GET
@project_page()
def rubric_blame(request: HttpRequest, member: Member, rubric_id: UUID) -> HttpResponse:
    """Who wrote what in one criterion, `?criterion=<uid>`."""
    rubric = access.rubric_for(member, rubric_id)
    if "criterion" not in request.GET:
        return redirect("rubric", project_id=member.project.pk, rubric_id=rubric.pk)
    lineage = access.lineage(member, rubric)
    found = history.blame(lineage, request.GET["criterion"])
    if found is None:
        raise Http404
    context = {
        "member": member,
        "rubric": rubric,
        "blame": found,
        "newest": lineage[-1],
    }
    return render(request, "rubrics/blame.html", context)


def _chosen(versions: list[RubricVersion], wanted: str | None) -> RubricVersion | None:
    """The version with this id. Raises Http404 for one that the member may not read."""
    if not wanted:
        return None
    for version in versions:
        if str(version.pk) == wanted:
            return version
    raise Http404
