"""Models are added, served and removed; what fails leaves nothing."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from tests.conftest import Cast
from tests.support.objects import Setting
from tests.training.checkpoints.models import model, tarred, written, zipped
from training.checkpoints import services
from training.checkpoints.archiving import archive_of
from training.checkpoints.serving import served_name
from training.folder import prepare
from training.models import Checkpoint, EvaluatedSystem, EvaluationRun
from training.paths import served_folder, uploads_of, weights_of
from webapp.accounts.services import deletion, projects
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_archive, endpoint_change, endpoint_create


@pytest.fixture(autouse=True)
def local_server(settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK = True


def uploaded(cast: Cast, archive: io.BytesIO | None = None, **changes: Any) -> Checkpoint:
    asked = {"name": "Mine", "file_name": "C:\\models\\mine.tar.gz", **changes}
    row, _ = services.checkpoint_upload(
        project=cast.project, actor=cast.leads[0], archive=archive or tarred(model()), **asked
    )
    return row


def refusal(function: Any, **arguments: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        function(**arguments)
    return caught.value


def test_an_upload_is_a_checkpoint_with_its_files(cast: Cast) -> None:
    row = uploaded(cast, licence="MIT")
    assert (row.origin, row.source, row.licence) == ("upload", "mine.tar.gz", "MIT")
    assert sorted(path.name for path in weights_of(row).iterdir()) == sorted(model())
    assert Entry.objects.filter(action="checkpoint.registered", object_id=row.pk).exists()
    # The same weights have the same hash, whatever they were packed in.
    assert uploaded(cast, zipped(model())).sha256 == row.sha256


def test_the_same_key_is_the_same_checkpoint(cast: Cast) -> None:
    row = uploaded(cast, key="k")
    # What is sent again is not even unpacked.
    assert uploaded(cast, io.BytesIO(b"no archive"), key="k") == row
    assert uploaded(cast, key="other") != row
    assert uploaded(cast).idempotency_key == uploaded(cast).idempotency_key == ""
    assert Entry.objects.filter(action="checkpoint.registered", object_id=row.pk).count() == 1
    with pytest.raises(Refused) as caught:
        uploaded(cast, key="k" * 65)
    assert caught.value.code == "key"


def test_of_two_uploads_with_one_key_at_once_one_stays(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    quicker: list[Checkpoint] = []

    def another_comes(_: int) -> None:
        if not quicker:
            quicker.append(Checkpoint())
            quicker[0] = uploaded(cast, key="k")

    monkeypatch.setattr(services, "require_disk", another_comes)
    assert uploaded(cast, key="k") == quicker[0] == Checkpoint.objects.get()
    assert list(uploads_of(cast.project.pk).iterdir()) == [weights_of(quicker[0])]


@pytest.mark.parametrize(
    "archive",
    [
        zipped({"notes.txt": b"x"}),
        tarred(model() | {"x.pt": b""}),
        zipped(model(model__safetensors=b"torn")),
        io.BytesIO(b"no archive"),
    ],
)
def test_a_refused_upload_leaves_nothing(cast: Cast, archive: io.BytesIO) -> None:
    with pytest.raises(Refused):
        uploaded(cast, archive)
    assert not Checkpoint.objects.exists()
    folder = uploads_of(cast.project.pk)
    assert not folder.exists() or list(folder.iterdir()) == []


def test_an_upload_that_is_stopped_leaves_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(**_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "checkpoint_register", stop)
    with pytest.raises(KeyboardInterrupt):
        uploaded(cast)
    assert list(uploads_of(cast.project.pk).iterdir()) == []


def test_what_a_killed_upload_left_goes_with_a_later_one(cast: Cast) -> None:
    kept = weights_of(uploaded(cast))
    left, unpacking = kept.with_name("left"), kept.with_name("unpacking")
    for folder in (kept, left, unpacking):
        folder.mkdir(exist_ok=True)
    for folder in (kept, left):
        os.utime(folder, (0, 0))
    uploaded(cast)
    assert (kept.exists(), left.exists(), unpacking.exists()) == (True, False, True)


def test_a_folder_that_another_upload_removes_is_no_error(cast: Cast) -> None:
    weights_of(uploaded(cast)).with_name("left").symlink_to("gone")
    assert uploaded(cast).number == 2


def test_a_project_that_is_closed_while_a_model_is_unpacked_gets_none(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(_: int) -> None:
        projects.archive_project(actor=cast.leads[0], project=cast.project)

    monkeypatch.setattr(services, "require_disk", close)
    with pytest.raises(PermissionDenied, match="The project is archived"):
        uploaded(cast)
    assert not Checkpoint.objects.exists()
    assert list(uploads_of(cast.project.pk).iterdir()) == []


def test_a_short_disk_is_told_before_anything_is_unpacked(cast: Cast, settings: Any) -> None:
    settings.DISK_RESERVE_BYTES = 2**60
    with pytest.raises(Refused, match="not enough disk space"):
        uploaded(cast)


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\nb"])
def test_names(cast: Cast, name: str) -> None:
    with pytest.raises(Refused) as caught:
        uploaded(cast, name=name)
    assert caught.value.code == "name"


def from_path(cast: Cast, path: object) -> Checkpoint:
    return services.checkpoint_from_path(
        project=cast.project, actor=cast.leads[0], name="Ours", path=str(path)
    )


def test_a_folder_below_an_allowed_one(cast: Cast, settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOTS = [str(tmp_path / "models")]
    folder = written(tmp_path / "models" / "a")
    row = from_path(cast, folder)
    assert (row.origin, row.source, weights_of(row)) == ("path", str(folder), folder)
    services.checkpoint_delete(checkpoint=row, actor=cast.leads[0])
    assert (folder / "config.json").exists(), "what the studio did not write stays"


def test_a_folder_elsewhere_is_refused(cast: Cast, settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOTS = [str(tmp_path / "models")]
    inside, outside = written(tmp_path / "models" / "a"), written(tmp_path / "secret")
    (tmp_path / "models" / "link").symlink_to(outside)
    (inside / "vocab.txt").symlink_to(outside / "config.json")
    there = "The folder must lie below"
    for path in (outside, inside / "../../secret", tmp_path / "nowhere", "/etc", "\0", "link"):
        assert there in str(refusal(from_path, cast=cast, path=path)), path
    assert there in str(refusal(from_path, cast=cast, path=tmp_path / "models/link"))
    assert "leads out" in str(refusal(from_path, cast=cast, path=inside))
    assert "no such folder" in str(refusal(from_path, cast=cast, path=tmp_path / "models/b"))
    (tmp_path / "models" / "circle").symlink_to("circle")
    for path in ("x" * 300, "circle"):
        assert "can’t read" in str(refusal(from_path, cast=cast, path=tmp_path / "models" / path))
    settings.MODEL_ROOTS = []
    assert "KARDIA_MODEL_ROOTS" in str(refusal(from_path, cast=cast, path=inside))


def test_what_the_studio_keeps_is_no_folder_of_the_server(cast: Cast, settings: Any) -> None:
    settings.MODEL_ROOTS = [str(settings.VAR_DIR.parent)]
    folder = weights_of(uploaded(cast))
    assert "must lie below" in str(refusal(from_path, cast=cast, path=folder))
    beside = written(settings.VAR_DIR.parent / "beside")
    (beside / "vocab.txt").symlink_to(folder / "config.json")
    assert "leads out" in str(refusal(from_path, cast=cast, path=beside))


def test_a_folder_of_the_server_is_checked_at_each_use(
    cast: Cast, settings: Any, tmp_path: Path
) -> None:
    settings.MODEL_ROOTS = [str(tmp_path / "models")]
    folder, lead = written(tmp_path / "models" / "a"), cast.leads[0]
    row = from_path(cast, folder)
    run = Setting(cast.project, lead).of("training_run", "run_id")
    run.base = row
    member = cast.member(lead)
    assert archive_of(row, member).status_code == 200
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    for found in (
        refusal(services.checkpoint_serve, checkpoint=row, actor=lead),
        refusal(archive_of, checkpoint=row, member=member),
        refusal(prepare, run=run),
    ):
        assert found.code == "path" and "must lie below" in str(found)
    settings.MODEL_ROOTS = []
    assert "KARDIA_MODEL_ROOTS" in str(refusal(archive_of, checkpoint=row, member=member))


def test_a_checkpoint_becomes_an_endpoint_once(cast: Cast, settings: Any) -> None:
    row, lead = uploaded(cast), cast.leads[0]
    endpoint = services.checkpoint_serve(checkpoint=row, actor=lead)
    assert (endpoint.name, endpoint.model) == ("Mine", served_name(row))
    assert endpoint.base_url == settings.LOCAL_MODEL_URL
    assert (served_folder() / endpoint.model / "config.json").is_file()
    assert services.checkpoint_serve(checkpoint=row, actor=lead) == endpoint
    assert Endpoint.objects.count() == 1
    # An archived endpoint stays as it was: judges are pinned to it.
    endpoint_archive(endpoint=endpoint, actor=lead)
    row.refresh_from_db()
    assert services.checkpoint_serve(checkpoint=row, actor=lead).name == "Mine (2)"


def test_two_projects_never_share_a_name(cast: Cast) -> None:
    mine = uploaded(cast)
    theirs, _ = services.checkpoint_upload(
        project=cast.other_project,
        actor=cast.stranger,
        name="Mine",
        archive=tarred(model()),
        file_name="f",
    )
    assert mine.number == theirs.number and served_name(mine) != served_name(theirs)


def test_an_endpoint_can_not_ask_for_the_model_of_another_project(cast: Cast) -> None:
    row, lead = uploaded(cast), cast.leads[0]
    mine = services.checkpoint_serve(checkpoint=row, actor=lead)
    theirs = endpoint_create(
        project=cast.other_project,
        actor=cast.stranger,
        name="Theirs",
        base_url=mine.base_url,
        model="checkpoint-1-" + "0" * 16,
    )
    asked = {"actor": cast.stranger, "name": "Not theirs", "model": mine.model}
    for url in (mine.base_url, "http://localhost:8001/v1"):
        made = refusal(endpoint_create, project=cast.other_project, base_url=url, **asked)
        assert made.code == "model" and "no model of this name" in str(made)
        limits = {"max_concurrency": 1, "timeout_s": 5}
        changed = refusal(endpoint_change, endpoint=theirs, base_url=url, **asked, **limits)
        assert changed.code == "model"
    own = asked | {"actor": lead, "name": "Ours as well"}
    assert endpoint_create(project=cast.project, base_url=mine.base_url, **own).model == mine.model


def test_what_can_not_be_served(cast: Cast, settings: Any) -> None:
    bare = uploaded(cast, zipped(model(tokenizer_config__json=None)))
    serve, lead = services.checkpoint_serve, cast.leads[0]
    assert refusal(serve, checkpoint=bare, actor=lead).code == "no_template"
    row = uploaded(cast)
    settings.LLM_ALLOW_LOOPBACK = False
    found = refusal(serve, checkpoint=row, actor=lead)
    assert found.code == "no_local_server" and "vLLM" in str(found)
    assert not Endpoint.objects.exists()


def test_a_checkpoint_that_is_used_stays(cast: Cast) -> None:
    delete, lead = services.checkpoint_delete, cast.leads[0]
    row = uploaded(cast)
    endpoint = services.checkpoint_serve(checkpoint=row, actor=lead)
    row.refresh_from_db()
    assert "the endpoint “Mine”" in str(refusal(delete, checkpoint=row, actor=lead))
    endpoint_archive(endpoint=endpoint, actor=lead)
    services.checkpoint_delete(checkpoint=row, actor=lead)
    assert not Checkpoint.objects.filter(pk=row.pk).exists()

    setting = Setting(cast.project, lead)
    run = setting.of("training_run", "run_id")
    found = refusal(delete, checkpoint=setting["checkpoint_id"], actor=lead)
    assert found.code == "in_use" and str(run) in str(found)


def test_who_comes_too_late_is_told_that_it_was_deleted(cast: Cast) -> None:
    row, lead = uploaded(cast), cast.leads[0]
    services.checkpoint_delete(checkpoint=Checkpoint.objects.get(pk=row.pk), actor=lead)
    for late in (services.checkpoint_delete, services.checkpoint_serve):
        assert str(refusal(late, checkpoint=row, actor=lead)) == "“Mine” has been deleted."


def test_a_checkpoint_of_a_run_under_way_stays(cast: Cast) -> None:
    setting = Setting(cast.project, cast.leads[0])
    run = setting.of("training_run", "run_id")
    row = Checkpoint.objects.create(
        project=cast.project, number=9, name="Step 1", origin="run", run=run, path="runs/x"
    )
    type(run).objects.update(status="pending")
    row.refresh_from_db()
    assert "still under way" in str(
        refusal(services.checkpoint_delete, checkpoint=row, actor=cast.leads[0])
    )


def test_a_checkpoint_that_an_evaluation_asks_stays(cast: Cast) -> None:
    """Also where its endpoint was archived after the evaluation had begun."""
    row, lead = uploaded(cast), cast.leads[0]
    endpoint = services.checkpoint_serve(checkpoint=row, actor=lead)
    run = Setting(cast.project, lead)["evaluated_id"]
    EvaluatedSystem.objects.create(
        project=cast.project, run=run, position=1, name="Mine", endpoint=endpoint
    )
    EvaluationRun.objects.update(status="pending", ended_at=None)
    endpoint_archive(endpoint=endpoint, actor=lead)
    asked = {"checkpoint": row, "actor": lead}
    assert f"{run} (still under way)" in str(refusal(services.checkpoint_delete, **asked))
    EvaluationRun.objects.update(status="succeeded")
    services.checkpoint_delete(**asked)
    assert not Checkpoint.objects.filter(pk=row.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_its_files_go_with_it(cast: Cast) -> None:
    row, lead = uploaded(cast), cast.leads[0]
    endpoint = services.checkpoint_serve(checkpoint=row, actor=lead)
    endpoint_archive(endpoint=endpoint, actor=lead)
    folder, link = weights_of(row), served_folder() / endpoint.model
    row.refresh_from_db()
    services.checkpoint_delete(checkpoint=row, actor=lead)
    assert not folder.exists() and not link.is_symlink()


@pytest.mark.parametrize(("origin", "has_run"), [("run", False), ("upload", True)])
def test_the_database_knows_where_weights_can_come_from(
    cast: Cast, origin: str, has_run: bool
) -> None:
    run = Setting(cast.project, cast.leads[0]).of("training_run", "run_id")
    with pytest.raises(IntegrityError), transaction.atomic():
        Checkpoint.objects.create(
            project=cast.project, number=9, origin=origin, run=run if has_run else None
        )


@pytest.fixture
def kept(cast: Cast) -> Iterator[list[Path]]:
    row = uploaded(cast)
    endpoint = services.checkpoint_serve(checkpoint=row, actor=cast.leads[0])
    yield [weights_of(row), served_folder() / endpoint.model]


@pytest.mark.django_db(transaction=True)
def test_a_deleted_project_takes_its_models_along(cast: Cast, kept: list[Path]) -> None:
    deletion.delete_project(actor=cast.leads[0], project=cast.project, typed_name=cast.project.name)
    deletion.purge_projects()
    assert [path for path in kept if path.exists() or path.is_symlink()] == []
