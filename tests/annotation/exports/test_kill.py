"""A worker killed while it writes an export: one whole file, and nothing of the attempts before."""

import pytest
from django.test import override_settings

from annotation.exports import reading
from annotation.exports import work as exports
from annotation.models import ExportPart, ExportRun
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.exports import content_of, exported, started
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    kill_after,
    start_worker,
)
from webapp.files.folders import run_folder
from webapp.files.models import StoredFile
from webapp.runs import services as runs

DIALOGUES, CHUNK = 12, 2
PARTS = DIALOGUES // CHUNK
WORK = "tests.annotation.exports.test_kill:work"


def work(run_id: str) -> None:
    """What the killed workers do: each part is a transaction, a place to die at."""
    reading.CHUNK = CHUNK
    run = ExportRun.objects.get(pk=run_id)
    hold_after(lambda: parts_of(run))
    exports.work(run_id)


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed_after", [[1], [2, PARTS]])
def test_one_whole_file_is_left(
    cast: Cast, killed_after: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK", CHUNK)
    added(cast.project, *(parsed(number) for number in range(1, DIALOGUES + 1)))
    undisturbed = exported(cast, cast.leads[0], "dialogues", "csv")
    run = started(cast, cast.leads[0], "dialogues", "csv")
    with override_settings(RUN_LEASE_S=LEASE_S):
        for parts in killed_after:
            kill_after(WORK, run.pk, lambda: parts_of(run), parts)
            run.refresh_from_db()
            assert (run.file, run.taken_at) == (None, None)
            assert [*run_folder(run.pk).iterdir()], "what it wrote lies with the studio's files"
            wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk))
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", len(killed_after) + 1)
    assert content_of(run) == content_of(undisturbed)
    assert (run.rows_written, parts_of(run)) == (DIALOGUES, PARTS)
    assert not run_folder(run.pk).exists()
    # Both runs have the same content, and so the same stored file.
    assert StoredFile.objects.filter(kind="export").count() == 1


def parts_of(run: ExportRun) -> int:
    return ExportPart.objects.filter(run=run).count()
