"""The store of files: what a name or an archive says never becomes a place on the disk."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rubrics.judges import opening as artefacts
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.imports import FILES
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.files.services import store


def stored(cast: Cast, content: bytes, name: str, kind: str = "upload") -> StoredFile:
    return store(
        project=cast.project, kind=kind, name=name, content=io.BytesIO(content), actor=None
    )


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\passwd", "/etc/passwd", "a/../passwd"]
)
def test_a_name_is_no_path(cast: Cast, name: str) -> None:
    row = stored(cast, b"text", name)
    assert row.name == "passwd"
    assert row.path == f"{cast.project.pk.hex}/{row.sha256[:2]}/{row.sha256}"


def test_an_archived_project_keeps_no_upload(cast: Cast, client: Client) -> None:
    Project.objects.filter(pk=cast.project.pk).update(archived_at=timezone.now())
    client.force_login(cast.leads[0])
    for url_name in ("import_new", "api_import_list"):
        file = SimpleUploadedFile("x.jsonl", FILES["kardiabench"].read_bytes())
        sent = {"file": file, "format": "auto", "key": url_name}
        answer = client.post(reverse(url_name, args=[cast.project.pk]), sent)
        assert answer.status_code == 403
    assert not StoredFile.objects.exists()


def packed(cast: Cast, *names: str) -> Judge:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return Judge(
        name="J", version=1, artefact=stored(cast, content.getvalue(), "j.zip", "artefact")
    )


def test_an_artefact_writes_into_its_folder_only(cast: Cast, tmp_path: Path) -> None:
    folder = tmp_path / "judge"
    outside = tmp_path / "absolute.json"
    artefacts.unpack(packed(cast, "../escaped.json", str(outside), "fine.json"), folder)
    assert {path.name for path in tmp_path.iterdir()} == {"judge"}
    assert {path.name for path in folder.iterdir()} == {
        "escaped.json", "absolute.json", "fine.json"
    }  # fmt: skip


def test_an_artefact_that_unpacks_to_too_much_is_refused(
    cast: Cast, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(artefacts, "MAX_UNPACKED_BYTES", 3)
    with pytest.raises(Refused):
        artefacts.unpack(packed(cast, "one.json", "two.json"), tmp_path / "judge")
