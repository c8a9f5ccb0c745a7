"""Only the studio's own user can enter the folders of uploads, runs and weights."""

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from tests.conftest import Cast
from webapp.files.folders import close_to_others, make_private, run_folder
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.ids import new_id


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The folders are private whatever the umask of whoever starts the studio."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_each_folder_on_the_way_to_a_run_is_private(settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    folder = make_private(run_folder(new_id()) / "data")
    assert [mode(one) for one in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3
    assert make_private(folder) == folder


def test_an_upload_and_its_folders_are_private(cast: Cast) -> None:
    row = store(
        project=cast.project,
        kind=StoredFile.Kind.UPLOAD,
        name="corpus.jsonl",
        content=io.BytesIO(new_id().bytes),
        actor=cast.leads[0],
    )
    file = django_settings.VAR_DIR / "files" / row.path
    assert mode(file) == 0o600
    assert [mode(one) for one in (file.parent, file.parent.parent)] == [0o700] * 2


def test_folders_of_earlier_versions_are_closed(settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    for name in ("files", "runs"):
        (tmp_path / name).mkdir()
        assert mode(tmp_path / name) == 0o777
    close_to_others()
    assert {mode(tmp_path / name) for name in ("files", "runs")} == {0o700}
    assert not (tmp_path / "weights").exists()
