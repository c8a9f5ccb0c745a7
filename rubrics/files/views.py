"""Rubrics from files and into files."""

from pathlib import PurePath
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from rubrics import access, queries
from rubrics.core import formats
from rubrics.core.spec import to_json
from rubrics.files.forms import ImportForm
from rubrics.models import RubricVersion
from rubrics.pages import to_page
from rubrics.versions.services import draft_import
from rubrics.writing import services
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused


@require_http_methods(["GET", "POST"])
@project_page(*access.WRITERS)
def rubric_import(request: HttpRequest, member: Member) -> HttpResponse:
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        rubrics=access.visible_rubrics(member),
        initial={"rubric": request.GET.get("rubric")},
    )
    problem: Exception | None = None
    if request.method == "POST" and form.is_valid():
        try:
            version = _import(member, form)
        except (formats.BadFile, Refused) as error:
            problem = error
        else:
            messages.success(request, "The file was imported. Check it before you publish it.")
            return to_page("rubric_edit", version)
    context = {"member": member, "form": form, "problem": problem}
    return render(request, "rubrics/import.html", context, status=400 if problem else 200)


def _import(member: Member, form: ImportForm) -> RubricVersion:
    given = form.cleaned_data
    # One byte more than may be read, so that a larger file is noticed without being held.
    data = given["file"].read(formats.MAX_BYTES + 1)
    title = given["name"].strip() or PurePath(given["file"].name).stem[:120] or "Imported rubric"
    spec = formats.read(data, given["format_name"], title=title)
    if given["rubric"] is not None:
        return draft_import(rubric=given["rubric"], actor=member.user, spec=spec)
    name = given["name"].strip() or spec.title
    rubric = services.rubric_create(
        project=member.project, actor=member.user, name=name, content=to_json(spec)
    )
    return rubric.versions.get()


@require_GET
@project_page()
def rubric_export(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """The formats with what each can't hold; with `?as=<format>` the file."""
    version = access.version_for(member, version_id)
    spec = queries.spec_of(version)
    wanted = request.GET.get("as")
    if wanted is None:
        context = {
            "member": member,
            "version": version,
            "rubric": version.rubric,
            "formats": [
                (each, formats.losses(spec, each.name)) for each in formats.FORMATS.values()
            ],
        }
        return render(request, "rubrics/export.html", context)
    if wanted not in formats.FORMATS:
        raise Http404
    chosen = formats.FORMATS[wanted]
    name = f"{slugify(spec.title)[:60] or 'rubric'}-{version.number}.{chosen.suffix}"
    return HttpResponse(
        formats.write(spec, wanted),
        headers={
            "Content-Type": f"{chosen.media_type}; charset=utf-8",
            "Content-Disposition": content_disposition_header(True, name) or "attachment",
        },
    )
