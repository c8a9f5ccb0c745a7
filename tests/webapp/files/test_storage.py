"""A stored file is there whole or not at all."""

import io
from collections.abc import Iterator

import pytest
from django.core.files.base import File
from django.core.files.storage import default_storage

from tests.conftest import Cast
from webapp.files.models import StoredFile
from webapp.files.services import open_file, store

pytestmark = pytest.mark.django_db

CONTENT = b"a line of a corpus\n" * 200_000


def upload(cast: Cast) -> StoredFile:
    return store(
        project=cast.project,
        kind=StoredFile.Kind.UPLOAD,
        name="corpus.jsonl",
        content=io.BytesIO(CONTENT),
        actor=cast.leads[0],
    )


def test_a_write_that_was_cut_off_leaves_no_half_of_a_file(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = File.chunks

    def cut_off(self: File, chunk_size: int | None = None) -> Iterator[bytes]:
        yield next(whole(self, chunk_size))
        raise OSError("No space left on device")

    monkeypatch.setattr(File, "chunks", cut_off)
    with pytest.raises(OSError, match="No space"):
        upload(cast)
    monkeypatch.setattr(File, "chunks", whole)
    row = upload(cast)
    with open_file(row) as file:
        assert file.read() == CONTENT
    folder = row.path.rpartition("/")[0]
    assert default_storage.listdir(folder)[1] == [row.path.rpartition("/")[2]]
