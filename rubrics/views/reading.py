"""Pages to read: the list of rubrics, a rubric, a version."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rubrics import access, queries, wording
from rubrics.markdown import to_html
from rubrics.models import RubricVersion
from rubrics.spec import formula_in_words, from_json
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
    found = access.rubric_for(member, rubric_id)
    context = {
        "member": member,
        "row": queries.rubric_row(found),
        "rubric": found,
        "versions": found.shown,
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
    spec = from_json(queries.text_of(version))
    criteria = wording.criteria_in_words(spec)
    context = {
        **about(member, version),
        "spec": spec,
        "target": wording.TARGETS[spec.target],
        "formula": wording.FORMULAS[spec.formula],
        "total": formula_in_words(spec),
        "guidance": to_html(spec.guidance),
        "criteria": [c for c in criteria if not c.is_check],
        "checks": [c for c in criteria if c.is_check],
    }
    if version.is_open:
        context["state"] = queries.draft_state(version)
    return render(request, "rubrics/version.html", context)
