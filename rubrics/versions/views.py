"""Pages of rubrics and their versions: read, compare, review, publish, begin again."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rubrics import access
from rubrics.core import wording
from rubrics.core.diff import in_one_sentence
from rubrics.core.spec import formula_in_words
from rubrics.markdown import to_html
from rubrics.models import RubricVersion
from rubrics.pages import about, act, to_page, valid
from rubrics.queries import published_before, spec_of
from rubrics.versions import queries, services
from rubrics.versions.forms import CopyForm, PublishForm, RefuseForm, RestoreForm, SeenForm
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.text import storable


@require_GET
@project_page()
def rubrics(request: HttpRequest, member: Member) -> HttpResponse:
    rows = [queries.rubric_row(rubric) for rubric in access.visible_rubrics(member)]
    context = {"member": member, "rows": rows, "may_write": access.may_write(member)}
    return render(request, "rubrics/rubrics.html", context)


@require_GET
@project_page()
def rubric(request: HttpRequest, member: Member, rubric_id: UUID) -> HttpResponse:
    """The history of a rubric: every version with its note and what changed in it."""
    found = access.rubric_for(member, rubric_id)
    context = {
        "member": member,
        "row": queries.rubric_row(found),
        "rubric": found,
        "steps": queries.steps(access.versions_with_texts(member, found)),
        "copied_from": access.origin_of(member, found),
        "may_write": access.may_write(member),
    }
    return render(request, "rubrics/rubric.html", context)


@require_GET
@project_page()
def rubric_version(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """The text of a version to read. A draft has only its editor."""
    version = access.version_for(member, version_id)
    if version.status == RubricVersion.Status.DRAFT:
        return to_page("rubric_edit", version)
    spec = spec_of(version)
    criteria = wording.criteria_in_words(spec)
    context = {
        **about(member, version),
        "spec": spec,
        "before": published_before(version),
        "target": wording.TARGETS[spec.target],
        "formula": wording.FORMULAS[spec.formula],
        "total": formula_in_words(spec),
        "guidance": to_html(spec.guidance),
        "criteria": [c for c in criteria if not c.is_check],
        "checks": [c for c in criteria if c.is_check],
        "vetoes": wording.vetoes_in_words(spec),
    }
    if access.may_write(member):
        context["projects"] = access.writable_projects(member.user)
        context["in_the_way"] = access.open_version(version.rubric)
    return render(request, "rubrics/version.html", context)


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
    diff = queries.difference(old, new)
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
        context["consequences"] = queries.consequences(member.project, spec_of(new))
    return render(request, "rubrics/compare.html", context)


@require_GET
@project_page()
def rubric_blame(request: HttpRequest, member: Member, rubric_id: UUID) -> HttpResponse:
    """Who wrote what in one criterion, `?criterion=<uid>`."""
    rubric = access.rubric_for(member, rubric_id)
    if "criterion" not in request.GET:
        return redirect("rubric", project_id=member.project.pk, rubric_id=rubric.pk)
    lineage = access.lineage(member, rubric)
    found = queries.blame(lineage, storable(request.GET["criterion"]))
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


@require_http_methods(["GET", "POST"])
@project_page(*access.WRITERS)
def rubric_publish(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """What publishing would do, for the dialog, which asks when it opens; and the click itself."""
    version = access.version_for(member, version_id)
    if request.method == "GET":
        context = {
            **about(member, version),
            "before": published_before(version),
            "consequences": queries.consequences(member.project, spec_of(version)),
        }
        return render(request, "rubrics/_publish_form.html", context)
    form = valid(PublishForm(request.POST))
    prefix = "meaning:"
    meanings = {
        key.removeprefix(prefix): answer == "yes"
        for key, answer in request.POST.items()
        if key.startswith(prefix)
    }
    return act(
        request,
        version,
        f"Version {version.number} is published.",
        lambda: services.version_publish(
            version=version, actor=member.user, meaning_changed=meanings, **form
        ),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_send_for_review(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = valid(SeenForm(request.POST))
    return act(
        request,
        version,
        f"Version {version.number} was sent to the other clinicians and leads for review. To edit "
        "it again, choose “Take back and edit”.",
        lambda: services.version_send_for_review(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_withdraw(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return act(
        request,
        version,
        f"Version {version.number} is a draft again.",
        lambda: services.version_withdraw_from_review(version=version, actor=member.user),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_approve(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = valid(SeenForm(request.POST))
    return act(
        request,
        version,
        f"You approved version {version.number}. It can be published now.",
        lambda: services.version_approve(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_refuse(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = valid(RefuseForm(request.POST))
    return act(
        request,
        version,
        f"Version {version.number} was sent back with your comments.",
        lambda: services.version_refuse(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_archive(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return act(
        request,
        version,
        f"Draft {version.number} was set aside. You can read and restore it in the history."
        if version.is_open
        else f"Version {version.number} was archived. Existing ratings keep it.",
        lambda: services.version_archive(version=version, actor=member.user),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_restore(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = valid(RestoreForm(request.POST))
    try:
        restored = services.version_restore(version=version, actor=member.user, **form)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("rubric", project_id=member.project.pk, rubric_id=version.rubric_id)
    messages.success(
        request,
        f"Version {restored.number} is a new draft with the text of version {version.number}.",
    )
    return to_page("rubric_edit", restored)


@require_POST
@project_page(*access.WRITERS)
def rubric_copy(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """A rubric of its own with the text of this version, here or in another project."""
    version = access.version_for(member, version_id)
    form = CopyForm(request.POST, projects=access.writable_projects(member.user))
    if not form.is_valid():
        messages.error(request, "Choose a name and a project in which you write rubrics.")
        return to_page("rubric_version", version)
    try:
        rubric = services.version_copy(version=version, actor=member.user, **form.cleaned_data)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return to_page("rubric_version", version)
    messages.success(request, f"“{rubric.name}” is a copy of version {version.number}.")
    return redirect("rubric", project_id=rubric.project_id, rubric_id=rubric.pk)


def restoring(
    member: Member, version: RubricVersion, versions: Iterable[RubricVersion]
) -> dict[str, Any]:
    """Whether this person may restore the version, and the open one that is in the way."""
    return {
        "may_restore": access.may_write(member) and version.spec_id is not None,
        "in_the_way": next((each for each in versions if each.is_open), None),
    }
