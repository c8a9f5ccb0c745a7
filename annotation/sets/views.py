"""Pages of sets and their snapshots."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.corpus.set_query import SetQuery
from annotation.models import Collection
from annotation.paging import by_number
from annotation.roles import DATA_READERS
from annotation.sets import queries
from annotation.sets.access import collection_for
from annotation.sets.forms import FreezeForm, SetForm
from annotation.sets.services import collection_create, freeze
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.text import whole_number
from webapp.ui import number


@require_safe
@project_page(*DATA_READERS)
def sets(request: HttpRequest, member: Member) -> HttpResponse:
    page = by_number(
        queries.collections_of(member.project),
        before=whole_number(request.GET.get("before", "")),
    )
    read = [SetQuery.from_json(row.query) for row in page.rows]
    names = queries.names_in(member.project, read)
    rows = [
        (row, queries.in_words(query, names)) for row, query in zip(page.rows, read, strict=True)
    ]
    context = {"member": member, "tab": "sets", "rows": rows, "page": page}
    return render(request, "data/sets.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@project_page(*DATA_READERS)
def set_new(request: HttpRequest, member: Member) -> HttpResponse:
    if request.method == "POST":
        form = SetForm(request.POST, project=member.project)
        if form.is_valid():
            try:
                collection = collection_create(
                    project=member.project,
                    actor=member.user,
                    name=form.cleaned_data["name"],
                    query=form.query(),
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("set", project_id=member.project.pk, set_id=collection.pk)
    else:
        # A link from the list of dialogues brings its filters along.
        form = SetForm(project=member.project, initial=request.GET.dict())
    context = {"member": member, "form": form, "size": None}
    return render(request, "data/set_new.html", context)


@require_safe
@project_page(*DATA_READERS)
def set_size(request: HttpRequest, member: Member) -> HttpResponse:
    """How many members the set would have that is being written."""
    form = SetForm(request.GET, project=member.project)
    form.fields["name"].required = False
    size = None
    if form.is_valid():
        size = queries.size_of(member=member, query=form.query())
    return render(request, "data/_set_size.html", {"size": size})


@require_safe
@project_page(*DATA_READERS)
def set_page(request: HttpRequest, member: Member, set_id: UUID) -> HttpResponse:
    collection = collection_for(member, set_id)
    return render(request, "data/set.html", _set_context(member, collection, FreezeForm()))


@require_POST
@project_page(*DATA_READERS)
def snapshot_freeze(request: HttpRequest, member: Member, set_id: UUID) -> HttpResponse:
    collection = collection_for(member, set_id)
    form = FreezeForm(request.POST)
    if form.is_valid():
        try:
            snapshot = freeze(
                collection=collection,
                actor=member.user,
                seed=form.cleaned_data["seed"],
                limit=form.cleaned_data["limit"],
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            size = queries.members_of(snapshot, member).count()
            members = "1 member" if size == 1 else f"{number(size)} members"
            messages.success(request, f"Snapshot {snapshot.number} was created with {members}.")
            return redirect("set", project_id=member.project.pk, set_id=collection.pk)
    return render(request, "data/set.html", _set_context(member, collection, form))


def _set_context(member: Member, collection: Collection, form: FreezeForm) -> dict[str, object]:
    query = SetQuery.from_json(collection.query)
    snapshots = queries.snapshots_of(member.project).filter(collection=collection)
    return {
        "member": member,
        "collection": collection,
        "form": form,
        "words": queries.in_words(query, queries.names_in(member.project, [query])),
        "size": queries.size_of(member=member, query=query),
        "snapshots": queries.with_member_counts(snapshots, member)[:100],
        "query": query,
    }
