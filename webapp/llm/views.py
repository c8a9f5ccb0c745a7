"""Pages of endpoints."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.llm import queries, services
from webapp.llm.forms import EndpointForm
from webapp.llm.models import Endpoint


@require_GET
@project_page("lead")
def endpoints(request: HttpRequest, member: Member) -> HttpResponse:
    context = {"member": member, "rows": queries.rows_of(member.project)}
    return render(request, "llm/endpoints.html", context)


@require_http_methods(["GET", "POST"])
@project_page("lead")
def endpoint_new(request: HttpRequest, member: Member) -> HttpResponse:
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.endpoint_create(
                project=member.project, actor=member.user, **form.cleaned_data
            )
        except Refused as refusal:
            form.add_error(EndpointForm.FIELD_OF_CODE.get(refusal.code), str(refusal))
        else:
            messages.success(request, f"“{made.name}” is named. Test it before a run needs it.")
            return redirect("endpoint", project_id=member.project.pk, endpoint_id=made.pk)
    return render(request, "llm/endpoint_new.html", {"member": member, "form": form})


@require_http_methods(["GET", "POST"])
@project_page("lead")
def endpoint(request: HttpRequest, member: Member, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(member, endpoint_id)
    # The form writes what was typed into its instance: give it one of its own.
    form = EndpointForm(request.POST or None, instance=_endpoint(member, endpoint_id))
    if request.method == "POST" and form.is_valid():
        try:
            dropped = services.endpoint_change(
                endpoint=found, actor=member.user, **form.cleaned_data
            )
        except Refused as refusal:
            form.add_error(EndpointForm.FIELD_OF_CODE.get(refusal.code), str(refusal))
        else:
            if dropped:
                messages.warning(
                    request,
                    "Saved. The address leads to another server, so the key was dropped: enter "
                    "the key of the new one.",
                )
            else:
                messages.success(request, "The endpoint is saved.")
            return redirect("endpoint", project_id=member.project.pk, endpoint_id=found.pk)
    context = {"member": member, "endpoint": found, "form": form, "key": queries.key_state(found)}
    return render(request, "llm/endpoint.html", context)


@require_POST
@project_page("lead")
def endpoint_archive(request: HttpRequest, member: Member, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(member, endpoint_id)
    services.endpoint_archive(endpoint=found, actor=member.user)
    messages.success(request, f"“{found.name}” is not offered any more.")
    return redirect("endpoints", project_id=member.project.pk)


@require_POST
@project_page("lead")
def endpoint_test(request: HttpRequest, member: Member, endpoint_id: UUID) -> HttpResponse:
    """Ask a worker for one short call and show the place where its answer will appear."""
    found = _endpoint(member, endpoint_id)
    call_id = services.endpoint_test(endpoint=found, actor=member.user)
    return redirect(
        "endpoint_test_result",
        project_id=member.project.pk,
        endpoint_id=found.pk,
        call_id=call_id,
    )


@require_GET
@project_page("lead")
def endpoint_test_result(
    request: HttpRequest, member: Member, endpoint_id: UUID, call_id: UUID
) -> HttpResponse:
    """The partial that asks again until the call is there."""
    found = _endpoint(member, endpoint_id)
    context = {
        "member": member,
        "endpoint": found,
        "call_id": call_id,
        "call": queries.test_call(found, call_id),
    }
    template = "llm/_test.html" if request.htmx else "llm/test.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _endpoint(member: Member, endpoint_id: UUID) -> Endpoint:
    found = Endpoint.objects.filter(project=member.project, archived_at=None)
    return get_object_or_404(found.select_related("project"), pk=endpoint_id)
