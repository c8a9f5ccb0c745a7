"""A judge that reads wording, behind an endpoint."""

from collections.abc import Iterator

import pytest

from tests.conftest import Cast
from tests.support.fixtures import as_in_a_worker
from tests.support.impact import reader, reading
from tests.support.servers import Stub
from webapp.llm.models import Endpoint

__all__ = ["as_in_a_worker"]


@pytest.fixture
def script() -> Stub:
    return reader()


@pytest.fixture
def voice(cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    with reading(cast, script, monkeypatch) as endpoint:
        yield endpoint
