"""Actions that begin again from an earlier text."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from rubrics import access, services
from rubrics.forms import CopyForm, RestoreForm
from rubrics.views.outcomes import to_page, valid
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused


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
        request, f"Version {restored.number} begins with the text of {version.number}."
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
