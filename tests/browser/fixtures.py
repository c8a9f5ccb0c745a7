"""A Chromium and a running studio for tests that drive a browser.

Import the fixtures into the conftest of a test folder. `page`, `context` and `new_context` are
pytest-playwright's; mark the tests with `browser`.
"""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import BrowserContext, expect

from webapp.accounts.models import User

# Two busy cores: what a person would wait for is waited for.
expect.set_options(timeout=15_000)

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
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def sign_in(context: BrowserContext, user: User, studio: str) -> None:
    """Give the browser a session of this person."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": studio}])
