"""What pages about a version share: who may do what, and what follows an action."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from rubrics import access, threads
from rubrics.models import RubricVersion
from rubrics.queries import approval_needed, sent_back
from webapp.accounts.access import Member
from webapp.errors import Refused
from webapp.threads.queries import signal


def about(member: Member, version: RubricVersion) -> dict[str, Any]:
    needs_approval = version.is_open and approval_needed(member.project)
    may_write = access.may_write(member)
    return {
        "member": member,
        "version": version,
        "rubric": version.rubric,
        "may_write": may_write,
        "signal": signal(member, threads.KIND, version.rubric_id) if may_write else None,
        "may_publish": not needs_approval or version.approved_by_id is not None,
        "may_approve": needs_approval and version.saved_by_id != member.user.pk,
        "sent_back": sent_back(version),
    }


def valid(form: Form) -> dict[str, Any]:
    if not form.is_valid():
        raise BadRequest("The form was not sent by the page.")
    return form.cleaned_data


def act(
    request: HttpRequest, version: RubricVersion, done: str, action: Callable[[], object]
) -> HttpResponse:
    try:
        action()
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return to_page("rubric_version", version)


def to_page(url_name: str, version: RubricVersion) -> HttpResponse:
    return redirect(url_name, project_id=version.project_id, version_id=version.pk)
