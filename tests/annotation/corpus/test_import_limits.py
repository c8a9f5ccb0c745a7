"""What a hostile file can make an import keep, and a disk that fills while one is read."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from annotation.corpus import services
from annotation.corpus import work as imports
from annotation.corpus.services import import_start
from annotation.models import Dialogue, ImportRun
from tests.conftest import Cast
from tests.support.imports import FILES, imported, start, upload
from tests.support.pages import html_of
from webapp.errors import Refused
from webapp.files import services as files
from webapp.runs import services as runs

COMMAS = 50_000
BROKEN_LINE = b"{\n"
GOOD_LINE = FILES["kardiabench"].read_bytes().splitlines()[0] + b"\n"


def test_a_file_of_commas_is_counted_and_little_of_it_is_kept(cast: Cast, client: Client) -> None:
    run = imported(cast, b"[" + b"," * COMMAS + b"]", "esconv")
    counted = COMMAS + 1 - imports.BROKEN_KEPT
    assert (run.status, run.records_total) == ("succeeded", COMMAS + 1), run.error
    assert run.lines.count() == imports.BROKEN_KEPT == 1000
    assert run.broken_counted == counted
    assert _bytes_of_lines() < 8 * COMMAS

    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("import_run", args=[cast.project.pk, run.pk])))
    assert "Finished, 50,001 of 50,001 failed" in page
    assert "50,001 records could not be read" in page
    assert "The first 100 of 50,001. 49,001 more broken records were counted but not kept." in page
    listed = html_of(client.get(reverse("imports", args=[cast.project.pk])))
    assert '<td class="n">50,001</td>' in listed
    told = client.get(reverse("api_import_retrieve", args=[cast.project.pk, run.pk])).json()
    assert (told["broken"], told["broken_counted"]) == (COMMAS + 1, counted)


def test_good_lines_behind_many_broken_ones_go_in(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BROKEN_KEPT", 3)
    run = imported(cast, BROKEN_LINE * 10 + GOOD_LINE + BROKEN_LINE, "kardiabench")
    assert Dialogue.objects.count() == 1
    assert list(run.lines.values_list("line", flat=True)) == [1, 2, 3, 11]
    assert run.broken_counted == 8


def test_a_run_goes_on_behind_what_it_only_counted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BROKEN_KEPT", 3)
    monkeypatch.setattr(imports, "CHUNK_RECORDS", 4)
    run = start(cast, BROKEN_LINE * 10 + GOOD_LINE, "kardiabench")
    check, checked = imports.require_disk, []

    def full_at_third_chunk(size: int) -> None:
        checked.append(size)
        if len(checked) == 3:
            raise Refused("There is not enough disk space.", code="disk_full")
        check(size)

    with monkeypatch.context() as patch:
        patch.setattr(imports, "require_disk", full_at_third_chunk)
        imports.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", "There is not enough disk space.")
    assert (run.lines.count(), run.broken_counted, run.counted_to) == (3, 5, 8)

    runs.resume(run, actor=cast.leads[0])
    imports.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.lines.count(), run.broken_counted) == ("succeeded", 4, 7)


def test_a_disk_without_room_for_the_rows_refuses_the_import(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    file = upload(cast, FILES["epitome"].read_bytes())
    needed = services.ROWS_FOR_A_BYTE * file.size
    settings.DISK_RESERVE_BYTES = 100
    monkeypatch.setattr(files, "_free_disk", lambda: 100 + needed - 1)
    asked: Any = {"project": cast.project, "actor": cast.leads[0], "file": file, "key": "k"}
    with pytest.raises(Refused, match="not enough disk space"):
        import_start(format="epitome", **asked)
    assert not ImportRun.objects.exists()

    monkeypatch.setattr(files, "_free_disk", lambda: 100 + needed)
    import_start(format="epitome", **asked)
    # The rest of the disk was filled before a worker came.
    monkeypatch.setattr(files, "_free_disk", lambda: 100)
    run = ImportRun.objects.get()
    imports.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "failed" and "not enough disk space" in run.error
    assert not Dialogue.objects.exists()


def _bytes_of_lines() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_column_size(row.*)) FROM annotation_importline AS row")
        return int(cursor.fetchone()[0])
