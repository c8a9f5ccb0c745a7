"""Pages of checkpoints: list, add, look at one, download, serve and delete it."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from annotation.paging import by_number
from training.access import TRAINERS
from training.checkpoints import queries, services
from training.checkpoints.access import checkpoint_for, fetch_for
from training.checkpoints.archiving import archive_of
from training.checkpoints.card import gate_sentence, licence_of, was_rewarded
from training.checkpoints.forms import HubForm, NamedForm, PathForm, UploadForm
from training.checkpoints.serving import local_server_refusal, served_name, vllm_command
from training.models import Checkpoint
from training.paths import is_ours
from training.small.models import MODELS, TRAINED
from webapp.accounts.access import Member, require_open
from webapp.accounts.pages import project_page
from webapp.accounts.uploads import takes_files
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.text import listed, whole_number

UPLOAD, PATH, HUB = "upload", "path", "hub"
WAYS = {UPLOAD: "Upload", PATH: "Folder on the server", HUB: "Hugging Face Hub"}


@require_safe
@project_page(*TRAINERS)
def checkpoints(request: HttpRequest, member: Member) -> HttpResponse:
    page = by_number(
        queries.checkpoints_of(member.project),
        before=whole_number(request.GET.get("before", "")),
        after=whole_number(request.GET.get("after", "")),
    )
    context = {
        "member": member,
        "tab": "checkpoints",
        "page": page,
        "fetches": queries.unfinished_fetches_of(member.project)[:20],
        "small_models": queries.offered_small_models(member.project),
    }
    return render(request, "checkpoints/checkpoints.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@project_page(*TRAINERS)
@takes_files(*TRAINERS)
def checkpoint_new(request: HttpRequest, member: Member) -> HttpResponse:
    """One page with a form for each way; `way` in the address says which."""
    way = request.GET.get("way", UPLOAD)
    way = way if way in WAYS else UPLOAD
    form = _form(way, request)
    if request.method == "POST" and form.is_valid():
        try:
            url = ADD[way](request, member, form)
        except Refused as refusal:
            form.add_error(form.refused_field(refusal.code), str(refusal))
        else:
            is_htmx = request.htmx  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(url) if is_htmx else redirect(url)
    context = {
        "member": member,
        "way": way,
        "ways": WAYS.items(),
        "form": form,
        "roots": settings.MODEL_ROOTS,
        "hub": settings.HUB_URL,
        "small_models": queries.offered_small_models(member.project),
    }
    return render(request, "checkpoints/new.html", context)


@require_POST
@project_page(*TRAINERS)
def checkpoint_small(request: HttpRequest, member: Member) -> HttpResponse:
    model = MODELS.get(request.POST.get("model", TRAINED.key))
    if model is None:
        raise Http404
    try:
        run = services.small_model_start(
            project=member.project, actor=member.user, key=new_id().hex, model=model
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("checkpoints", project_id=member.project.pk)
    return redirect("model_fetch", project_id=member.project.pk, run_id=run.pk)


@require_safe
@project_page(*TRAINERS)
def checkpoint(request: HttpRequest, member: Member, checkpoint_id: UUID) -> HttpResponse:
    row = checkpoint_for(member, checkpoint_id)
    details = queries.details_of(row)
    context = {
        "member": member,
        "checkpoint": row,
        "details": details,
        "licence": licence_of(row),
        "gate": gate_sentence(row.run, member) if was_rewarded(row) else "",
        "is_ours": is_ours(row),
        "is_served": row.endpoint is not None and row.endpoint.archived_at is None,
        "no_server": local_server_refusal(),
        "command": details.contents and vllm_command(served_name(row), details.contents),
    }
    return render(request, "checkpoints/checkpoint.html", context)


@require_safe
@project_page(*TRAINERS)
def checkpoint_archive(
    request: HttpRequest, member: Member, checkpoint_id: UUID
) -> HttpResponseBase:
    row = checkpoint_for(member, checkpoint_id)
    try:
        answer = archive_of(row, member)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("checkpoint", project_id=member.project.pk, checkpoint_id=row.pk)
    services.note_download(checkpoint=row, actor=member.user)
    return answer


@require_POST
@project_page(*TRAINERS)
def checkpoint_serve(request: HttpRequest, member: Member, checkpoint_id: UUID) -> HttpResponse:
    row = checkpoint_for(member, checkpoint_id)
    try:
        endpoint = services.checkpoint_serve(checkpoint=row, actor=member.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _back_to(row, refusal)
    messages.success(
        request, f"“{endpoint}” is an endpoint now. Generation, judges and tests can use it."
    )
    return redirect("checkpoint", project_id=member.project.pk, checkpoint_id=row.pk)


@require_POST
@project_page(*TRAINERS)
def checkpoint_delete(request: HttpRequest, member: Member, checkpoint_id: UUID) -> HttpResponse:
    row = checkpoint_for(member, checkpoint_id)
    try:
        services.checkpoint_delete(checkpoint=row, actor=member.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _back_to(row, refusal)
    messages.success(request, f"“{row.name}” was deleted.")
    return redirect("checkpoints", project_id=member.project.pk)


@require_safe
@project_page(*TRAINERS)
def model_fetch(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = fetch_for(member, run_id)
    context = {"member": member, "run": run, "state": queries.fetch_state(run)}
    return render(request, "checkpoints/fetch.html", context)


@require_POST
@project_page(*TRAINERS)
def model_fetch_remove(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = fetch_for(member, run_id)
    page = reverse("checkpoints", args=[member.project.pk])
    try:
        services.fetch_remove(run=run, actor=member.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        if refusal.code != "deleted":
            page = reverse("model_fetch", args=[member.project.pk, run.pk])
    else:
        messages.success(request, f"The entry for {run.name} has been removed.")
    is_htmx = request.htmx  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(page) if is_htmx else redirect(page)


def _back_to(row: Checkpoint, refusal: Refused) -> HttpResponse:
    """The checkpoint's page; the list where the checkpoint is gone."""
    if refusal.code == "deleted":
        return redirect("checkpoints", project_id=row.project_id)
    return redirect("checkpoint", project_id=row.project_id, checkpoint_id=row.pk)


def _form(way: str, request: HttpRequest) -> NamedForm:
    data = request.POST or None
    # A link may fill fields in beforehand, as after a download that failed.
    names = ("name", "licence", "repo", "revision")
    asked_for = {name: request.GET[name] for name in names if name in request.GET}
    initial = {"key": new_id().hex, **asked_for}
    if way == UPLOAD:
        return UploadForm(data, request.FILES or None, initial=initial)
    return PathForm(data, initial=initial) if way == PATH else HubForm(data, initial=initial)


def _upload(request: HttpRequest, member: Member, form: NamedForm) -> str:
    chosen = form.cleaned_data
    row, left_out = services.checkpoint_upload(
        project=member.project,
        actor=member.user,
        name=chosen["name"],
        archive=chosen["file"],
        file_name=chosen["file"].name,
        licence=chosen["licence"],
        key=chosen["key"],
    )
    messages.success(request, f"“{row}” has been added.{_said_of(left_out)}")
    return reverse("checkpoint", args=[member.project.pk, row.pk])


def _path(request: HttpRequest, member: Member, form: NamedForm) -> str:
    chosen = form.cleaned_data
    row = services.checkpoint_from_path(
        project=member.project,
        actor=member.user,
        name=chosen["name"],
        path=chosen["path"],
        licence=chosen["licence"],
        key=chosen["key"],
    )
    messages.success(request, f"“{row}” has been added.")
    return reverse("checkpoint", args=[member.project.pk, row.pk])


def _hub(request: HttpRequest, member: Member, form: NamedForm) -> str:
    require_open(member.project)
    chosen = form.cleaned_data
    run = services.fetch_start(
        project=member.project,
        actor=member.user,
        key=chosen["key"],
        name=chosen["name"],
        repo=chosen["repo"],
        revision=chosen["revision"],
        licence=chosen["licence"],
    )
    return reverse("model_fetch", args=[member.project.pk, run.pk])


ADD: dict[str, Callable[[HttpRequest, Member, NamedForm], str]] = {
    UPLOAD: _upload,
    PATH: _path,
    HUB: _hub,
}


def _said_of(left_out: list[str]) -> str:
    if not left_out:
        return ""
    names = listed(left_out, most=4)
    return f" These files were left out, because the model does not need them: {names}."
