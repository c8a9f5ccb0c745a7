"""The audit page of administrators."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from webapp.accounts.pages import admin_page
from webapp.audit.downloads import csv_response
from webapp.audit.forms import AuditFilterForm
from webapp.audit.queries import entries, lines_of, page_of


@admin_page
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    form.is_valid()
    before = form.cleaned_data.get("before")
    rows, next_before = page_of(entries(form.filters()), before=before)
    chosen = _chosen(request)
    context = {
        "form": form,
        "lines": lines_of(rows),
        "zone": timezone.get_current_timezone_name(),
        "is_first": before is None,
        "is_filtered": bool(chosen),
        "first_url": f"?{urlencode(chosen)}",
        "next_url": f"?{urlencode({**chosen, 'before': next_before})}" if next_before else "",
        "export_url": reverse("audit_export", query=chosen or None),
    }
    return render(request, "audit/audit.html", context)


@admin_page
@require_GET
def audit_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """All pages of what the filters leave. Filters that can't be read lead back to the page, which
    says so."""
    form = AuditFilterForm(request.GET)
    if not form.is_valid():
        return redirect(reverse("audit", query=_chosen(request)))
    return csv_response(entries(form.filters()), actor=request.user)


def _chosen(request: HttpRequest) -> dict[str, str]:
    return {name: value for name, value in request.GET.items() if name != "before" and value}
