from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_heartbeat(settings: Any) -> None:
    """The heartbeat's own connection can't see the rows of a test's transaction and would take
    the run for lost."""
    settings.RUN_LEASE_S = 3600.0
