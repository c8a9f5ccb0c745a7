"""A rubric's whole way in a browser: written by keyboard alone while its server goes and comes
back and a colleague writes too, then reviewed, published, edited, compared and restored."""

import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection
from playwright.sync_api import Browser, Locator, Page, expect

from rubrics.core.spec import CriterionSpec, from_json
from rubrics.demo.kardia import KARDIA, SAFETY_UID
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.browser import TIMEOUT_MS, sign_in
from tests.support.waiting import LONG_S, SHORT_S, wait_until
from webapp.accounts.models import User
from webapp.embedded import homes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Two starts of the studio are in it.
    pytest.mark.timeout(600),
]


class Server:
    """The studio's web process, on the test's database, to be stopped and started again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        database = urlsplit(os.environ["DATABASE_URL"])
        name = connection.settings_dict["NAME"]
        command = ["-m", "uvicorn", "webapp.asgi:application", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, *command, "--log-level", "warning", "--lifespan", "off"],
            cwd=homes.CHECKOUT,
            env=os.environ | {"DATABASE_URL": database._replace(path=f"/{name}").geturl()},
        )
        wait_until(self._answers, "an answer of the server", within_s=LONG_S)

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, "the server did not start"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{self.url}/health/live").close()  # noqa: S310
            return True
        return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(SHORT_S)


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def browser_of(browser: Browser, server: Server) -> Iterator[Callable[[User], Page]]:
    """A browser of its own for each person."""
    contexts = []

    def open_page(person: User) -> Page:
        context = browser.new_context()
        contexts.append(context)
        sign_in(context, person, server.url)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        return page

    yield open_page
    for context in contexts:
        context.close()


def tab_to(page: Page, control: Locator, key: str = "Tab") -> None:
    """Press Tab until the control has the focus."""
    control.wait_for()
    for _ in range(80):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"Tab does not lead to {control}")


def write(page: Page, label: str, text: str) -> None:
    tab_to(page, page.get_by_label(label, exact=label == "Name"))
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def press(page: Page, control: Locator) -> None:
    tab_to(page, control)
    page.keyboard.press("Enter")


def follow_by_key(page: Page, link: Locator) -> None:
    """`press` a link, and wait until the scripts of the next page are at work."""
    tab_to(page, link)
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")


def saved(page: Page) -> None:
    expect(page.locator("[data-saved][data-state=saved]")).to_be_visible()


def write_criterion(page: Page, criterion: CriterionSpec) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    page.keyboard.insert_text(criterion.name)
    write(page, "What the rater decides", criterion.description)
    write(page, "Weight", f"{criterion.weight:g}")
    if criterion.gate is not None:
        tab_to(page, page.get_by_label("Gate below level"))
        for _ in range(criterion.gate - 1):
            page.keyboard.press("ArrowDown")
    for level in criterion.levels:
        if level.value > 3:
            page.keyboard.press("Alt+Enter")
            expect(page.get_by_label(f"Name of level {level.value}")).to_be_focused()
        write(page, f"Name of level {level.value}", level.label)
        write(page, f"Anchor of level {level.value}", level.anchor)


def test_from_an_empty_page_to_a_restored_version(
    cast: Cast, server: Server, browser_of: Callable[[User], Page]
) -> None:
    page = browser_of(cast.clinicians[0])
    page.goto(f"{server.url}/p/{cast.project.pk}/rubrics/")
    follow_by_key(page, page.get_by_role("link", name="New rubric").first)
    write(page, "Name", KARDIA.title)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add a criterion")).to_be_enabled()
    expect(page.get_by_text("needs a criterion that people or judges score")).to_be_visible()

    author_by_keyboard(page, server)
    editor = page.url.partition("#")[0]
    settle_a_conflict(page, browser_of(cast.clinicians[1]), editor)
    first = review_and_publish(page, browser_of(cast.leads[0]), editor)
    assert_is_the_kardia_rubric(first)
    edit_compare_and_restore(page, first)


def author_by_keyboard(page: Page, server: Server) -> None:
    relevance, *others = KARDIA.judge_criteria
    write_criterion(page, relevance)
    saved(page)
    for criterion in others:
        write_criterion(page, criterion)
    # The server goes in the middle of a sentence, and comes back.
    first, _, second = others[-1].description.partition(", ")
    saved(page)
    tab_to(page, page.get_by_label("What the rater decides"), "Shift+Tab")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(first)
    server.stop()
    page.keyboard.type(", ")
    page.keyboard.insert_text(second)
    expect(page.locator("[data-saved]")).to_contain_text("Your text is kept on this computer.")
    server.start()
    page.keyboard.press("Control+s")
    saved(page)
    expect(page.get_by_text("Nothing is missing.")).to_be_visible()


def settle_a_conflict(page: Page, colleague: Page, editor: str) -> None:
    colleague.goto(editor)
    colleague.get_by_role("link", name="Safety").click()
    expect(page.get_by_text("Carl Clinician has Safety open")).to_be_visible()
    purpose = "Rates one supporter turn."
    page.context.set_offline(True)
    write(page, "What the rater decides", "Is the seeker safe?")
    expect(page.locator("[data-saved][data-state=failed]")).to_be_visible()
    theirs = colleague.get_by_label("What the rater decides")
    theirs.fill("Does the reply notice risk?")
    colleague.get_by_role("link", name="About the rubric").click()
    colleague.get_by_label("Purpose").fill(purpose)
    saved(colleague)
    page.context.set_offline(False)
    conflict = page.locator("[data-conflict]")
    expect(conflict).to_contain_text("Carl Clinician saved this draft while you were writing.")
    expect(conflict).to_contain_text("Does the reply notice risk?")
    press(page, page.get_by_role("button", name="Choose a text"))
    expect(conflict).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(conflict.get_by_role("radio", name="Yours")).to_be_checked()
    press(page, conflict.get_by_role("button", name="Use these choices"))
    saved(page)
    expect(page.get_by_label("What the rater decides")).to_have_value("Is the seeker safe?")
    # What only the colleague wrote is there too, and the colleague sees what was chosen.
    assert RubricVersion.objects.get().draft["purpose"] == purpose
    colleague.get_by_role("link", name="Safety").click()
    expect(theirs).to_have_value("Is the seeker safe?")
    colleague.close()
    write(page, "What the rater decides", KARDIA.judge_criteria[-1].description)
    saved(page)


def review_and_publish(page: Page, reviewer: Page, editor: str) -> RubricVersion:
    tab_to(page, page.get_by_role("button", name="Send for review"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("was sent to the other clinicians and leads")).to_be_visible()
    version_page = editor.removesuffix("edit/")
    reviewer.goto(version_page)
    reviewer.get_by_role("button", name="Approve version 1").click()
    expect(reviewer.get_by_text("You approved version 1.")).to_be_visible()
    page.goto(version_page)
    press(page, page.get_by_role("button", name="Publish version 1"))
    dialog = page.get_by_role("dialog")
    tab_to(page, dialog.get_by_label("What changed"))
    page.keyboard.insert_text("The first version.")
    press(page, dialog.get_by_role("button", name="Publish version 1"))
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    return RubricVersion.objects.get()


def assert_is_the_kardia_rubric(version: RubricVersion) -> None:
    assert version.status == "published" and version.spec is not None

    def written(criterion: CriterionSpec) -> tuple[object, ...]:
        return (criterion.name, criterion.description, criterion.weight, criterion.levels)

    spec = from_json(version.spec.content)
    assert list(map(written, spec.criteria)) == list(map(written, KARDIA.judge_criteria))
    safety = next(c for c in KARDIA.criteria if c.uid == SAFETY_UID)
    assert [c.gate for c in spec.criteria] == [None] * 4 + [safety.gate]


def edit_compare_and_restore(page: Page, first: RubricVersion) -> None:
    press(page, page.get_by_role("button", name="New draft"))
    expect(page.get_by_role("button", name="Add a criterion")).to_be_enabled()
    press(page, page.get_by_role("link", name="Safety"))
    write(page, "Anchor of level 3", "Nothing harmful is said.")
    saved(page)
    tab_to(page, page.get_by_role("link", name="Versions"), "Shift+Tab")
    page.keyboard.press("Enter")
    follow_by_key(page, page.get_by_role("link", name="Compare with 1"))
    gone = page.locator("p.in-line del")
    expect(gone.first).to_contain_text("A hint of risk, where there is one, is acknowledged")
    press(page, page.get_by_role("button", name="Restore version 1"))
    press(page, page.get_by_role("button", name="Set draft 2 aside and restore"))
    expect(page.get_by_role("button", name="Add a criterion")).to_be_enabled()
    press(page, page.get_by_role("link", name="Safety"))
    anchor = KARDIA.judge_criteria[-1].levels[2].anchor
    expect(page.get_by_label("Anchor of level 3")).to_have_value(anchor)
    assert first.spec is not None
    restored = RubricVersion.objects.get(number=3)
    assert (restored.status, restored.draft) == ("draft", first.spec.content)
