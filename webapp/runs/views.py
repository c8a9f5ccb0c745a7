"""Stop a run of any kind, or let it go on. The kind says who may."""

from typing import Protocol
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from webapp.accounts.access import Member, require
from webapp.accounts.models import User
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.runs import services
from webapp.runs.access import find_run
from webapp.runs.models import Run


class Action(Protocol):
    def __call__(self, run: Run, *, actor: User) -> None: ...


@require_POST
@project_page()
def run_cancel(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    return _act(request, member, run_id, services.cancel)


@require_POST
@project_page()
def run_resume(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    return _act(request, member, run_id, services.resume)


def _act(request: HttpRequest, member: Member, run_id: UUID, action: Action) -> HttpResponse:
    """Do it, and lead back to the run's page, which also says why it was refused."""
    kind, run = find_run(member, run_id)
    require(member, kind.starters)
    try:
        action(run, actor=member.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(kind.url(run))
    return redirect(kind.url(run))
