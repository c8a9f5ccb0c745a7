"""Pages to read: the list of rubrics, a rubric, a version."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rubrics import access, history, queries, wording
from rubrics.markdown import to_html
from rubrics.models import RubricVersion
from rubrics.spec import formula_in_words
from rubrics.views.outcomes import about, to_page
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page


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
        "steps": history.steps(access.versions_with_texts(member, found)),
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
    spec = history.spec_of(version)
    criteria = wording.criteria_in_words(spec)
    context = {
        **about(member, version),
        "spec": spec,
        "before": queries.published_before(version),
        "target": wording.TARGETS[spec.target],
        "formula": wording.FORMULAS[spec.formula],
        "total": formula_in_words(spec),
        "guidance": to_html(spec.guidance),
        "criteria": [c for c in criteria if not c.is_check],
        "checks": [c for c in criteria if c.is_check],
    }
    if access.may_write(member):
        context["projects"] = access.writable_projects(member.user)
        context["in_the_way"] = access.open_version(version.rubric)
    return render(request, "rubrics/version.html", context)
