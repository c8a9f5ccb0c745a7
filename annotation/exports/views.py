"""Pages of exports. Everybody sees their own."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.exports import queries, registry, services
from annotation.exports.access import export_for, file_for
from annotation.exports.downloads import file_response
from annotation.exports.forms import ExportForm
from annotation.exports.registry import Table
from annotation.models import ExportRun
from annotation.paging import by_number
from webapp.accounts.access import Member, require
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.text import whole_number


@require_safe
@project_page()
def exports(request: HttpRequest, member: Member) -> HttpResponse:
    page = by_number(
        queries.exports_of(member),
        before=whole_number(request.GET.get("before", "")),
        after=whole_number(request.GET.get("after", "")),
    )
    context = {
        "member": member,
        "tab": "exports",
        "page": page,
        "rows": [(run, registry.find(run.table)) for run in page.rows],
        "tables": queries.tables_for(member),
    }
    return render(request, "exports/exports.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@project_page()
def export_new(request: HttpRequest, member: Member) -> HttpResponse:
    """The form for `?table=`, with the filters that come with it."""
    if not request.GET.get("table"):
        return redirect("exports", project_id=member.project.pk)
    found = _table(member, request.GET["table"])
    if request.method == "POST":
        form = ExportForm(request.POST, table=found, member=member)
        if form.is_valid():
            try:
                return _to_export(_start(member, found, form))
            except Refused as refusal:
                form.add_error(None, str(refusal))
    else:
        # A link from the page that shows the rows brings its filters along.
        initial = {**request.GET.dict(), "key": new_id().hex}
        form = ExportForm(table=found, member=member, initial=initial)
    context = {"member": member, "form": form, "table": found, **_selected(member, found, request)}
    return render(request, "exports/new.html", context)


@require_safe
@project_page()
def export(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = export_for(member, run_id)
    context = {"member": member, "run": run, "state": queries.state_of(run)}
    return render(request, "exports/export.html", context)


@require_safe
@project_page()
def export_download(request: HttpRequest, member: Member, run_id: UUID) -> StreamingHttpResponse:
    return file_response(file_for(member, run_id), actor=member.user)


@require_POST
@project_page()
def export_remove(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = export_for(member, run_id)
    try:
        services.export_remove(run=run, actor=member.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The file of export {run.number} was removed.")
    return _to_export(run)


def _table(member: Member, name: str) -> Table:
    """Raises Http404 for a table that there is none of, and PermissionDenied for one that the
    member's roles don't allow."""
    try:
        table = registry.find(name)
    except Refused:
        raise Http404 from None
    require(member, table.roles)
    return table


def _selected(member: Member, table: Table, request: HttpRequest) -> dict[str, object]:
    """What the filters of the request choose, or why they choose nothing."""
    given = request.POST if request.method == "POST" else request.GET
    filters = {name: given[name] for name in table.all_filters if given.get(name)}
    try:
        selection = services.select(table, member, filters)
    except Refused as refusal:
        return {"problem": str(refusal)}
    others = [
        each
        for each in queries.tables_for(member)
        if filters and each != table and set(filters) <= set(each.filters)
    ]
    return {
        "about": selection.about,
        "count": selection.count(),
        "others": others,
        "query": urlencode(filters),
    }


def _start(member: Member, table: Table, form: ExportForm) -> ExportRun:
    return services.export_start(
        member=member,
        key=form.cleaned_data["key"],
        table=table.name,
        format=form.cleaned_data["format"],
        filters=form.filters(),
    )


def _to_export(run: ExportRun) -> HttpResponse:
    return redirect("export", project_id=run.project_id, run_id=run.pk)
