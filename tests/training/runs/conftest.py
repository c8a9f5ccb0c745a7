from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Cast
from tests.support.browser import browser_type_launch_args, studio  # noqa: F401
from tests.training.runs.worlds import World, world


@pytest.fixture(autouse=True)
def own_folder(settings: object, tmp_path: Path) -> Iterator[Path]:
    """Run folders and files of each test apart."""
    settings.VAR_DIR = tmp_path / "var"  # type: ignore[attr-defined]
    settings.VAR_DIR.mkdir()  # type: ignore[attr-defined]
    yield tmp_path


@pytest.fixture
def ready(cast: Cast) -> World:
    return world(cast.project, cast.leads[0])
