"""Pages of what models were asked, and what came of it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from annotation.calls import queries
from annotation.calls.access import call_for
from annotation.calls.forms import CallFilter
from annotation.roles import CALL_READERS
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.llm.usage import usage_of


@require_safe
@project_page(*CALL_READERS)
def model_calls(request: HttpRequest, member: Member) -> HttpResponse:
    """All calls, or those of a run, of an endpoint, or made for one row; one alone is opened."""
    asked = CallFilter(request.GET)
    calls = asked.chosen(queries.visible_calls(member))
    page = queries.page_of(calls, before=asked.before_id)
    if asked.row_id and len(page.rows) == 1:
        return redirect("model_call", project_id=member.project.pk, call_id=page.rows[0].pk)
    context = {
        "member": member,
        "page": page,
        "asked": asked,
        "run": queries.run_link(page.rows[0]) if asked.run_id and page.rows else None,
        "usage": usage_of(calls),
    }
    return render(request, "calls/calls.html", context)


@require_safe
@project_page(*CALL_READERS)
def model_call(request: HttpRequest, member: Member, call_id: UUID) -> HttpResponse:
    call = call_for(member, call_id)
    return render(request, "calls/call.html", {"member": member, "state": queries.state_of(call)})
