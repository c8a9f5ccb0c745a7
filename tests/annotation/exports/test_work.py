"""What a worker does for an export, in a database with real transactions."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from annotation.exports import reading, services, work
from annotation.exports.limits import KEEP_DAYS
from annotation.models import Dialogue, ExportPart, ExportRun
from annotation.ratings.services import NewScore, construction_rater, submit_rating
from annotation.ratings.targets import text_target
from tests.conftest import Cast
from tests.support.desk import Desk
from tests.support.dialogues import added, parsed
from tests.support.exports import cells_of, content_of, exported, lines_of, started
from webapp.accounts.models import Membership
from webapp.files import services as files
from webapp.files.models import StoredFile
from webapp.runs import services as runs

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 2)


def corpus(cast: Cast, count: int = 5) -> list[Dialogue]:
    return added(cast.project, *(parsed(number) for number in range(1, count + 1)))


def test_a_finished_export_says_what_it_holds(cast: Cast) -> None:
    corpus(cast)
    before = timezone.now()
    run = exported(cast, cast.leads[0], "dialogues")
    assert (run.status, run.rows_written, run.units_total) == ("succeeded", 5, 5)
    assert run.sha256 == hashlib.sha256(content_of(run)).hexdigest()
    assert (run.size, run.roles) == (len(content_of(run)), ["lead"])
    assert run.taken_at is not None and run.taken_at >= before
    assert run.keep_until is not None and (run.keep_until - run.taken_at).days >= KEEP_DAYS - 1
    assert [line["dialogue"] for line in lines_of(run)] == [1, 2, 3, 4, 5]
    assert list(run.parts.values_list("units", flat=True)) == [2, 2, 1]
    assert run.columns == list(lines_of(run)[0])


def test_all_rows_are_of_one_moment(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes in while the file is written is not in it, nor counted."""
    corpus(cast)
    note = work._note_part

    def note_and_add(claim: Any, position: int, chunk: Any) -> None:
        note(claim, position, chunk)
        added(cast.project, parsed(100 + position))

    monkeypatch.setattr(work, "_note_part", note_and_add)
    run = exported(cast, cast.leads[0], "dialogues")
    assert (run.rows_written, run.units_total) == (5, 5)
    assert Dialogue.objects.count() == 8


def test_it_stops_where_a_person_asks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus(cast)
    run = started(cast, cast.leads[0], "dialogues")
    note = work._note_part

    def note_and_stop(claim: Any, position: int, chunk: Any) -> None:
        note(claim, position, chunk)
        runs.cancel(run, actor=cast.leads[0])
        claim.beat()

    monkeypatch.setattr(work, "_note_part", note_and_stop)
    work.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.file, run.taken_at) == ("cancelled", None, None)
    assert not StoredFile.objects.filter(kind="export").exists()
    monkeypatch.setattr(work, "_note_part", note)
    runs.resume(run, actor=cast.leads[0])
    work.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.rows_written, run.parts.count()) == ("succeeded", 5, 3)


def test_who_lost_the_role_gets_no_file(cast: Cast) -> None:
    corpus(cast)
    run = started(cast, cast.leads[0], "dialogues")
    Membership.objects.filter(user=cast.leads[0]).update(role="annotator")
    work.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.file) == ("failed", None)
    assert "their roles changed" in run.error
    Membership.objects.filter(user=cast.leads[0]).delete()
    run = started(cast, cast.leads[1], "dialogues")
    Membership.objects.filter(user=cast.leads[1]).delete()
    work.work(str(run.pk))
    run.refresh_from_db()
    assert "their roles changed" in run.error


def test_a_full_disk_is_said(cast: Cast, settings: Any) -> None:
    corpus(cast)
    run = started(cast, cast.leads[0], "dialogues")
    settings.DISK_RESERVE_BYTES = 2**62
    work.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "failed" and "not enough disk space" in run.error


def test_the_limit_of_uploads_is_none_for_exports(cast: Cast, settings: Any) -> None:
    corpus(cast)
    settings.UPLOAD_LIMIT_BYTES = 10
    assert exported(cast, cast.leads[0], "dialogues").status == "succeeded"


def test_a_removed_file_leaves_what_others_have(cast: Cast) -> None:
    """Two people with equal exports share the content; so does who imported the same bytes."""
    corpus(cast)
    mine, theirs = (exported(cast, lead, "dialogues", "csv") for lead in cast.leads)
    assert mine.file_id == theirs.file_id
    upload = StoredFile.objects.create(
        project=cast.project, kind="upload", sha256=mine.sha256, size=1, name="f"
    )
    services.export_remove(run=mine, actor=cast.leads[0])
    assert cells_of(theirs)[0]["dialogue"] == "1"
    ExportRun.objects.filter(pk=theirs.pk).update(keep_until=timezone.now())
    assert services.remove_old_files() == 1
    theirs.refresh_from_db()
    assert theirs.file is None and theirs.removed_at is not None and theirs.rows_written == 5
    assert not StoredFile.objects.filter(kind="export").exists()
    assert Path(_path(upload)).exists()


def _path(file: StoredFile) -> str:
    from django.core.files.storage import default_storage

    return default_storage.path(file.path)


def test_a_file_that_is_removed_before_its_run_ended_is_written_again(cast: Cast) -> None:
    """The worker was killed between the file and the end of the run."""
    corpus(cast)
    run = exported(cast, cast.leads[0], "dialogues")
    ExportRun.objects.update(status="pending", ended_at=None)
    services.export_remove(run=run, actor=cast.leads[0])
    work.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.removed_at) == ("succeeded", None)
    assert len(lines_of(run)) == 5


def test_the_last_removal_deletes_the_content(cast: Cast) -> None:
    corpus(cast)
    run = exported(cast, cast.leads[0], "dialogues")
    assert run.file is not None
    path = Path(_path(run.file))
    assert path.exists()
    services.export_remove(run=run, actor=cast.leads[0])
    assert not path.exists()


def test_an_equal_export_that_is_removed_meanwhile_takes_no_file_along(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have one stored file. It goes after the second export found it, and before it is the
    second one's."""
    corpus(cast)
    mine = exported(cast, cast.leads[0], "dialogues", "csv")
    stored = []

    def store_and_remove(**arguments: Any) -> StoredFile:
        stored.append(services.file_store(**arguments))
        if len(stored) == 1:
            services.export_remove(run=mine, actor=cast.leads[0])
        return stored[-1]

    monkeypatch.setattr(work, "file_store", store_and_remove)
    theirs = exported(cast, cast.leads[1], "dialogues", "csv")
    assert (theirs.status, theirs.file, len(stored)) == ("succeeded", stored[-1], 2)
    assert cells_of(theirs)[0]["dialogue"] == "1"


def test_a_file_that_is_an_exports_again_stays(cast: Cast) -> None:
    corpus(cast)
    run = exported(cast, cast.leads[0], "dialogues")
    assert run.file is not None
    files.remove(run.file)
    assert len(lines_of(run)) == 5


def test_a_file_that_no_run_got_is_removed_after_a_day(cast: Cast) -> None:
    corpus(cast)
    kept = exported(cast, cast.leads[0], "dialogues")
    lost = exported(cast, cast.leads[0], "dialogues", "csv")
    assert lost.file is not None
    long_ago = timezone.now() - timezone.timedelta(days=2)
    ExportRun.objects.filter(pk=lost.pk).update(file=None)
    services.remove_old_files()
    assert StoredFile.objects.filter(kind="export").count() == 2
    StoredFile.objects.update(created_at=long_ago)
    services.remove_old_files()
    assert StoredFile.objects.get(kind="export").pk == kept.file_id


def test_a_text_outside_of_dialogues_gets_a_split_of_its_own(
    cast: Cast, at_desk: Desk, tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    at_desk.rate(cast.annotators[0])
    copy = text_target(project=cast.project, profile="", situation="", history=[], raw="Hello.")
    assert at_desk.version.spec is not None
    submit_rating(
        target=copy,
        spec=at_desk.version.spec,
        rater=construction_rater(project=cast.project, label="Builder"),
        purpose="construction",
        scores=[NewScore("empathy", 3)],
    )
    run = exported(cast, cast.leads[0], "ratings", "dataset")
    with zipfile.ZipFile(io.BytesIO(content_of(run))) as archive:
        archive.extractall(tmp_path / "folder")
    opened = datasets.load_dataset(str(tmp_path / "folder"), cache_dir=str(tmp_path / "cache"))
    assert opened["unassigned"]["rater"] == ["Builder"]
    assert sum(len(part) for part in opened.values()) == run.rows_written == 4


def test_a_dataset_folder_opens_with_datasets(cast: Cast, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    corpus(cast, 12)
    run = exported(cast, cast.leads[0], "dialogues", "dataset")
    with zipfile.ZipFile(io.BytesIO(content_of(run))) as archive:
        archive.extractall(tmp_path / "folder")
    opened = datasets.load_dataset(str(tmp_path / "folder"), cache_dir=str(tmp_path / "cache"))
    splits = dict(Dialogue.objects.values_list("number", "split"))
    assert {n: s for s, part in opened.items() for n in part["dialogue"]} == splits
    first = opened[splits[1]].filter(lambda row: row["dialogue"] == 1)[0]
    assert first["turns"][0]["text"] == "Night 1, thought 0."
    assert ExportPart.objects.filter(run=run).count() == 6
