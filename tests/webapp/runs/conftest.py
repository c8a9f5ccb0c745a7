"""What tests of runs share."""

import pytest

from webapp.runs import queue, services


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that a worker was asked for."""
    found: list[str] = []
    monkeypatch.setattr(
        queue.current_app, "send_task", lambda name, args, **options: found.append(args[0])
    )
    monkeypatch.setattr(services, "has_messages", lambda task: False)
    return found
