"""Fixtures that hold for the whole folder of whoever imports them into its conftest."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def as_in_a_worker(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No query in an event loop's own thread: Django refuses it in earnest."""
    if request.node.get_closest_marker("browser") is None:
        monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)


@pytest.fixture(autouse=True)
def no_heartbeat(settings: Any) -> None:
    """The heartbeat's own connection can't see the rows of a test's transaction and would take
    the run for lost."""
    settings.RUN_LEASE_S = 3600.0


@pytest.fixture
def without_vetoes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a judge gives is what counts."""
    monkeypatch.setattr("rubrics.judging.judge.find_vetoes", lambda context: [])
