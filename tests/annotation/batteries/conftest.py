"""The battery with a few cases of each kind."""

import pytest

from rubrics.judging.battery.case import Case
from tests.support.batteries import make_small
from tests.support.fixtures import as_in_a_worker, without_vetoes

__all__ = ["as_in_a_worker", "without_vetoes"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> tuple[Case, ...]:
    return make_small(monkeypatch)
