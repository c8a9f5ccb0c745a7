"""Pages of endpoints."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.access import Member
from webapp.accounts.pages import page_or_part, project_page
from webapp.errors import Refused
from webapp.llm import queries, services
from webapp.llm.forms import EndpointForm, PriceForm
from webapp.llm.models import Endpoint, EndpointTest, ModelCall
from webapp.llm.usage import usage_of


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
            messages.success(request, f"“{made.name}” was added. Test it before you start a run.")
            return redirect("endpoint", project_id=member.project.pk, endpoint_id=made.pk)
    return render(request, "llm/endpoint_new.html", {"member": member, "form": form})


@require_http_methods(["GET", "POST"])
@project_page("lead")
def endpoint(request: HttpRequest, member: Member, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(member, endpoint_id)
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
                    "Saved. The address leads to another server, so the key was removed. Enter "
                    "the key for the new server.",
                )
            else:
                messages.success(request, "The endpoint is saved.")
            return redirect("endpoint", project_id=member.project.pk, endpoint_id=found.pk)
    return _endpoint_page(request, member, found, form=form)


@require_POST
@project_page("lead")
def endpoint_archive(request: HttpRequest, member: Member, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(member, endpoint_id)
    services.endpoint_archive(endpoint=found, actor=member.user)
    messages.success(request, f"“{found.name}” was archived. New runs can’t use it.")
    return redirect("endpoints", project_id=member.project.pk)


@require_POST
@project_page("lead")
def endpoint_test(request: HttpRequest, member: Member, endpoint_id: UUID) -> HttpResponse:
    """Ask a worker for a test and show the place where its result will appear."""
    found = _endpoint(member, endpoint_id)
    test = services.endpoint_test(endpoint=found, actor=member.user)
    return redirect(
        "endpoint_test_result",
        project_id=member.project.pk,
        endpoint_id=found.pk,
        test_id=test.pk,
    )


@require_GET
@project_page("lead")
def endpoint_test_result(
    request: HttpRequest, member: Member, endpoint_id: UUID, test_id: UUID
) -> HttpResponse:
    """The partial that asks again until the test has ended."""
    found = _endpoint(member, endpoint_id)
    test = get_object_or_404(found.tests, pk=test_id)
    context = {"member": member, "endpoint": found, **_test_context(test)}
    return page_or_part(request, "llm/test.html", context)


@require_POST
@project_page("lead")
def endpoint_price(request: HttpRequest, member: Member, endpoint_id: UUID) -> HttpResponse:
    found = _endpoint(member, endpoint_id)
    form = PriceForm(request.POST)
    if form.is_valid():
        try:
            services.price_set(endpoint=found, actor=member.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error("since", str(refusal))
        else:
            messages.success(request, "The price is saved. Run costs now use it.")
            return redirect("endpoint", project_id=member.project.pk, endpoint_id=found.pk)
    return _endpoint_page(request, member, found, price_form=form)


@require_POST
@project_page("lead")
def endpoint_price_withdraw(
    request: HttpRequest, member: Member, endpoint_id: UUID, price_id: UUID
) -> HttpResponse:
    found = _endpoint(member, endpoint_id)
    price = get_object_or_404(found.prices.select_related("project", "endpoint"), pk=price_id)
    services.price_withdraw(price=price, actor=member.user)
    messages.success(request, "The price was removed.")
    return redirect("endpoint", project_id=member.project.pk, endpoint_id=found.pk)


def _endpoint_page(
    request: HttpRequest,
    member: Member,
    endpoint: Endpoint,
    *,
    form: EndpointForm | None = None,
    price_form: PriceForm | None = None,
) -> HttpResponse:
    # The form writes what was typed into its instance: give it one of its own.
    own = form or EndpointForm(instance=_endpoint(member, endpoint.pk))
    test = queries.last_test(endpoint)
    context = {
        "member": member,
        "endpoint": endpoint,
        "form": own,
        "key": queries.key_state(endpoint),
        "adaptations": queries.adaptation_rows(endpoint),
        "prices": endpoint.prices.all(),
        "price_form": price_form or PriceForm(initial={"since": timezone.now().date()}),
        "usage": usage_of(ModelCall.objects.filter(endpoint=endpoint)),
        "calls": queries.latest_calls(endpoint, member),
        **(_test_context(test) if test else {}),
    }
    return render(request, "llm/endpoint.html", context)


def _test_context(test: EndpointTest) -> dict[str, Any]:
    return {
        "test": test,
        "capabilities": queries.capability_rows(test),
        "given_up": queries.is_given_up(test),
    }


def _endpoint(member: Member, endpoint_id: UUID) -> Endpoint:
    found = Endpoint.objects.filter(project=member.project, archived_at=None)
    return get_object_or_404(found.select_related("project"), pk=endpoint_id)
