"""The audit page of administrators."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webapp.accounts.models import Project
from webapp.accounts.pages import admin_page
from webapp.audit.forms import AuditFilterForm
from webapp.audit.queries import page_of


@admin_page
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    form.is_valid()
    before = form.cleaned_data.get("before")
    filters = form.filters()
    rows, next_before = page_of(filters, before=before)
    named = Project.objects.filter(pk__in={row.project_id for row in rows})
    names = dict(named.values_list("pk", "name"))
    chosen = {name: value for name, value in request.GET.items() if name != "before" and value}
    context = {
        "form": form,
        "rows": [(row, names.get(row.project_id), _shown(row.details)) for row in rows],
        "is_first": before is None,
        "first_url": f"?{urlencode(chosen)}",
        "next_url": f"?{urlencode({**chosen, 'before': next_before})}" if next_before else "",
    }
    return render(request, "audit/audit.html", context)


def _shown(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Pairs, because a template would take a detail called “items” for the method."""
    return [
        (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in details.items()
    ]
