from pathlib import Path

import pytest

from tests.support.fixtures import no_heartbeat  # noqa: F401
from tests.training.demo.folders import chosen
from tests.training.runs.conftest import own_folder  # noqa: F401
from tests.training.trainer.conftest import judge  # noqa: F401
from training.demo import making, recording


@pytest.fixture(autouse=True)
def small_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dialogues that the tests use: to read all of them takes a second."""
    monkeypatch.setattr(making, "written_dialogues", chosen)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The place of the recording in the repository, empty."""
    monkeypatch.setattr(recording, "FOLDER", tmp_path / "recorded")
    return recording.FOLDER
