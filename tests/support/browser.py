"""A Chromium and a running studio for tests that drive a browser.

Import the fixtures into the conftest of a test folder. `page`, `context` and `new_context` are
pytest-playwright's; mark the tests with `browser`.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support.waiting import LOOK_EVERY_S, SHORT_S, wait_until
from webapp.accounts.models import User

# Of expectations and of actions.
TIMEOUT_MS = 1000 * SHORT_S
expect.set_options(timeout=TIMEOUT_MS)

HOW = "browser tests need Chromium: install it, or name its program in CHROMIUM"


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        # In CI a test that did not run is a failure.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Which Chromium pytest-playwright starts. Root has no sandbox."""
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": _chromium(), "args": flags}


@pytest.fixture
def studio(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a studio with pages, API and sockets on the test's own database."""
    from webapp.asgi import application

    # Each request has a thread of its own; a connection kept in one would outlive the test.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    config = uvicorn.Config(application, port=0, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive(), "the server to start")
    assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(SHORT_S)


def sign_in(context: BrowserContext, user: User, studio: str) -> None:
    """Give the browser a session of this person."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": studio}])


def follow(link: Locator) -> None:
    """Click on what opens another page, and wait until that page's scripts are at work. What is
    pressed or chosen before that is lost."""
    with link.page.expect_navigation(wait_until="load"):
        link.click()


def wait_in(page: Page, is_so: Callable[[], object], what: str) -> None:
    """`wait_until` for what a handler of the page sees: the page's events go on meanwhile."""
    deadline = time.monotonic() + SHORT_S
    while not is_so():
        assert time.monotonic() < deadline, f"waited {SHORT_S:g} s in vain for {what}"
        page.wait_for_timeout(1000 * LOOK_EVERY_S)
