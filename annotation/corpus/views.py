"""Pages of dialogues and imports, and the picker of exemplars in the rubric editor."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect, push_url

from annotation.corpus import queries
from annotation.corpus.access import dialogue_for, import_run_for
from annotation.corpus.exemplars import SHOWN, Rated, replies_with
from annotation.corpus.forms import DialogueFilterForm, ImportForm
from annotation.corpus.gold_emotions import shown_dialogues, with_hidden_emotions
from annotation.corpus.services import import_start
from annotation.corpus.set_query import SetQuery
from annotation.corpus.transcript import transcript_of
from annotation.models import Dialogue, ImportRun
from annotation.paging import by_number
from annotation.roles import DATA_READERS, DATA_WRITERS
from rubrics.access import WRITERS
from webapp.accounts.access import Member, require_open
from webapp.accounts.pages import project_page
from webapp.accounts.uploads import takes_files
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.ids import new_id
from webapp.text import whole_number


@require_safe
@project_page(*DATA_READERS)
def data(request: HttpRequest, member: Member) -> HttpResponse:
    return redirect("dialogues", project_id=member.project.pk)


@require_safe
@project_page(*DATA_READERS)
def dialogues(request: HttpRequest, member: Member) -> HttpResponse:
    form = DialogueFilterForm(request.GET, project=member.project)
    rows = Dialogue.objects.none()
    query = SetQuery()
    if form.is_valid():
        query = form.query()
        rows = shown_dialogues(member, query)
    page = by_number(
        with_hidden_emotions(queries.with_turn_counts(rows), member),
        before=whole_number(request.GET.get("before", "")),
        after=whole_number(request.GET.get("after", "")),
    )
    context = {
        "member": member,
        "tab": "dialogues",
        "form": form,
        "page": page,
        "count": rows.count(),
        "filters": _without_place(request),
        "is_filtered": query != SetQuery() or not form.is_valid(),
        "profile": form.cleaned_data.get("profile"),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "data/dialogues.html", context)
    url = f"{request.path}?{context['filters']}" if context["filters"] else request.path
    return push_url(render(request, "data/_dialogues.html", context), url)


@require_safe
@project_page(*DATA_READERS)
def dialogue(request: HttpRequest, member: Member, dialogue_id: UUID) -> HttpResponse:
    row = dialogue_for(member, dialogue_id)
    context = {
        "member": member,
        "transcript": transcript_of(row, member),
        "dialogue": row,
        "beside": queries.beside(row),
    }
    return render(request, "data/dialogue.html", context)


@require_safe
@project_page(*DATA_READERS)
def imports(request: HttpRequest, member: Member) -> HttpResponse:
    page = by_number(
        queries.imports_of(member.project),
        before=whole_number(request.GET.get("before", "")),
        after=whole_number(request.GET.get("after", "")),
    )
    return render(request, "data/imports.html", {"member": member, "tab": "imports", "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@project_page(*DATA_WRITERS)
@takes_files(*DATA_WRITERS)
def import_new(request: HttpRequest, member: Member) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None, initial={"key": new_id().hex})
    if request.method == "POST" and form.is_valid():
        try:
            run = _start(member, form)
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            url = reverse("import_run", args=[member.project.pk, run.pk])
            if request.htmx:  # type: ignore[attr-defined]
                return HttpResponseClientRedirect(url)
            return redirect(url)
    return render(request, "data/import_new.html", {"member": member, "form": form})


@require_safe
@project_page(*DATA_READERS)
def import_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = import_run_for(member, run_id)
    context = {"member": member, "run": run, "state": queries.import_state(run)}
    return render(request, "data/import_run.html", context)


def _start(member: Member, form: ImportForm) -> ImportRun:
    require_open(member.project)
    upload = form.cleaned_data["file"]
    file = store(
        project=member.project,
        kind=StoredFile.Kind.UPLOAD,
        name=upload.name,
        content=upload,
        actor=member.user,
    )
    return import_start(
        project=member.project,
        actor=member.user,
        file=file,
        format=form.cleaned_data["format"],
        key=form.cleaned_data["key"],
    )


def _without_place(request: HttpRequest) -> str:
    """The filters of this address, for the links to the pages beside it."""
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return kept.urlencode()


@require_safe
@project_page(*WRITERS)
def exemplars(request: HttpRequest, member: Member) -> HttpResponse:
    """Replies to choose from: `q` are words in them; `uid` and `level` ask for those that
    people gave that level of that criterion."""
    words = request.GET.get("q", "")[:200].replace("\0", "")
    rated = _rated(request)
    replies = replies_with(member, words, rated)
    context = {
        "member": member,
        "replies": replies,
        "words": words,
        "rated": rated,
        "is_cut": len(replies) == SHOWN,
    }
    return render(request, "rubrics/_replies.html", context)


def _rated(request: HttpRequest) -> Rated | None:
    uid, level = request.GET.get("uid", ""), request.GET.get("level", "")
    if not uid or "\0" in uid or not level.lstrip("-").isdecimal() or len(level) > 5:
        return None
    return Rated(uid, int(level))
