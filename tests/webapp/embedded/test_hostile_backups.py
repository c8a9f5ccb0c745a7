"""Archives that somebody made to do harm: nothing of them is unpacked."""

import contextlib
import json
from pathlib import Path

import pytest

from tests.webapp.embedded.conftest import archive_of
from webapp.embedded import __main__ as commands
from webapp.embedded import archive as archives
from webapp.embedded import backup as backups
from webapp.embedded.process import ServiceError

KEY = b"the key of this studio"


@pytest.fixture(autouse=True)
def without_postgres(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is refused before the database is touched."""
    monkeypatch.setenv("KARDIA_VAR", str(place))
    monkeypatch.setattr(backups, "_has_tables", lambda url: False)
    monkeypatch.setattr(archives, "unpack", lambda *_, **__: pytest.fail("unpacked"))


MANIFEST = json.dumps({"format": 2, "roles": []}).encode()
HOSTILE = {
    "a name above": {"../escaped": b"x"},
    "a name in a folder": {"files/../../escaped": b"x"},
    "an absolute name": {"/escaped": b"x"},
    "folders in folders": {"files/" + "a/" * 2_000 + "b": b"x"},
    "a large manifest": {"manifest.json": b" " * 2**20 + MANIFEST},
    "no manifest": {"database.dump": b"x"},
    "no dump": {"manifest.json": MANIFEST},
    **{
        f"manifest {text[:30]!r}": {"manifest.json": text, "database.dump": b"x"}
        for text in (
            b"", b"not JSON", b"\xff", b"[" * 100_000, b"9" * 5_000, b"[]", b"[[1, 2]]", b"1",
            b"null", b"{}", b'{"format": true, "roles": []}', b'{"format": [2], "roles": []}',
            b'{"format": 3, "roles": []}', b'{"format": 2}', b'{"format": 2, "roles": "all"}',
            b'{"format": 2, "roles": [[]]}', b'{"format": 2, "roles": {"a": 1}}',
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_before_anything_is_unpacked(
    place: Path, members: dict[str, bytes]
) -> None:
    archive = archive_of(place, members)
    before = sorted(place.rglob("*"))
    with pytest.raises(ServiceError, match="is not a backup"):
        backups.restore("", archive, replace=False, key=KEY, ask=lambda _: pytest.fail("asked"))
    assert sorted(place.rglob("*")) == before
    assert not (place.parent / "escaped").exists()


def test_the_command_says_it_in_a_sentence(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    services = contextlib.nullcontext({})
    monkeypatch.setattr(commands, "environment_with_services", lambda var: services)
    monkeypatch.setattr(commands, "owner_address", lambda environment: "")
    monkeypatch.setattr(commands, "backup_key", lambda var, environment: KEY)
    archive = archive_of(place, {"../escaped": b"x"})
    assert commands.main(["restore", str(archive)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "Traceback" not in said and "../escaped" in said
