import pytest

from tests.browser.fixtures import browser_type_launch_args, studio

__all__ = ["browser_type_launch_args", "studio"]


@pytest.fixture(autouse=True)
def as_in_a_worker(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No query in an event loop's own thread: Django refuses it in earnest."""
    if request.node.get_closest_marker("browser") is None:
        monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
