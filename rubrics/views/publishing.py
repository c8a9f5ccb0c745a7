"""Actions on the way of a version: review, approval, publication, archive."""

from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from rubrics import access, services
from rubrics.forms import PublishForm, SeenForm
from rubrics.views.outcomes import act
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page


@require_POST
@project_page(*access.WRITERS)
def rubric_publish(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = _valid(PublishForm(request.POST))
    return act(
        request,
        version,
        f"Version {version.number} is published.",
        lambda: services.version_publish(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_send_for_review(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = _valid(SeenForm(request.POST))
    return act(
        request,
        version,
        f"Version {version.number} waits for another clinician or lead.",
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
    return act(
        request,
        version,
        f"You approved version {version.number}. It can be published now.",
        lambda: services.version_approve(version=version, actor=member.user),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_archive(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return act(
        request,
        version,
        f"Version {version.number} is archived. What was rated by it keeps it.",
        lambda: services.version_archive(version=version, actor=member.user),
    )


def _valid(form: SeenForm) -> dict[str, Any]:
    if not form.is_valid():
        raise BadRequest("The form was not sent by the page.")
    return form.cleaned_data
