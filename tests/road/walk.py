"""People in browsers of their own, and a picture at every station of the road."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.road.conftest import ROOT, Studio
from tests.road.corpus import Corpus
from tests.support.browser import TIMEOUT_MS, follow
from tests.support.waiting import LONG_S

SHOTS = ROOT / "var" / "screenshots"
PROJECT = "Steady support"
RUBRIC = "Steady presence"


class Road:
    """Who walks it, in which browser, and the file that it begins with."""

    def __init__(self, browser: Browser, studio: Studio, folder: Path) -> None:
        self.browser, self.studio, self.folder = browser, studio, folder
        self.corpus = Corpus(folder)
        self.pages: dict[str, Page] = {}
        self.faults: list[str] = []
        SHOTS.mkdir(parents=True, exist_ok=True)

    def new_page(self) -> Page:
        """A page in a browser where nobody is signed in."""
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    def sign_in(self, box: str) -> Page:
        """Somebody of the demo signs in through the form."""
        page = self.pages[box] = self.new_page()
        email, password = self.studio.sign_in_of(box)
        page.goto(self.studio.url)
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(password)
        follow(page.get_by_role("button", name="Sign in"))
        return page

    def go(self, box: str, *places: str) -> Page:
        """Follow a link of the rail, then links of the pages that it leads to."""
        page = self.pages[box]
        first, *more = places
        follow(page.locator(".rail").get_by_role("link", name=first, exact=True))
        for name in more:
            follow(page.locator("main").get_by_role("link", name=name, exact=True).first)
        return page

    def shoot(self, page: Page, name: str) -> None:
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def press(page: Page, name: str) -> None:
    """Press a button that leads to another page, and wait for that page."""
    follow(page.get_by_role("button", name=name, exact=True))


def finished(page: Page, *, partly: bool = False) -> None:
    """The run of this page ends well, and the page says so without a reload. With `partly`, some of
    what it makes may have failed: the model is small and now and then gives an empty turn."""
    state = page.locator("h1 .status")
    # The demo of the same studio generates and evaluates at its first start, with a model of 135
    # million parameters: a run may have to wait for both, and its answers take turns with theirs.
    expect(state).to_have_text(re.compile("Finished|Failed|Stopped"), timeout=3 * LONG_S * 1000)
    expect(state).to_have_text(re.compile("^Finished") if partly else "Finished")


def field_of(page: Page, label: str) -> Locator:
    """The field with this label, whether the page calls it optional or not."""
    return page.get_by_label(re.compile(rf"^\s*{re.escape(label)}(\s+\(optional\))?\s*$"))


def choose(page: Page, label: str, text: str) -> None:
    """The first choice of a field that has `text` in it."""
    field = field_of(page, label)
    found = field.locator("option", has_text=text).first
    field.select_option(label=found.inner_text().strip())


def fill(page: Page, values: dict[str, object]) -> None:
    """Fill fields by their labels."""
    for label, value in values.items():
        field_of(page, label).fill(str(value))
