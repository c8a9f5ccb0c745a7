"""Every page of docs/permissions.md in Chromium: axe finds nothing serious, light or dark, the
page never scrolls sideways on a phone, and the console stays silent."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Page

from tests.access.routes import Route
from tests.access.table import Rule
from tests.access.test_permissions import BY_NAME, RULES, give_second_factor, role_players, url_of
from tests.conftest import Cast
from tests.support.browser import sign_in
from tests.support.objects import Setting
from tests.support.waiting import LONG_S
from webapp.accounts.models import User

# Some fifty pages for a lead.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(6 * LONG_S)]

# What makes a page hard or impossible to use for somebody.
SERIOUS = ("serious", "critical")
# Answers to a supervisor, a session's end, and files.
NO_PAGES = (
    "health_live",
    "health_ready",
    "account_logout",
    "audit_export",
    "checkpoint_archive",
    "evaluation_export",
    "export_download",
)
# What differs in the dark. Without lists of all that is well, which take longer than to look.
DARK = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
NOBODY = "nobody"
ROLES = ("lead", "clinician", "annotator", "admin")


# What a clinician may open a lead may open too.
@pytest.mark.parametrize("role", [NOBODY, "lead", "annotator", "admin"])
def test_every_page_of_a_role(role: str, cast: Cast, studio: str, new_context: Any) -> None:
    cache.clear()
    person = {**role_players(cast), "admin": cast.admin}.get(role)
    context = new_context(reduced_motion="reduce")
    if person is not None:
        give_second_factor(person)
        sign_in(context, person, studio)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    axe, wrong, seen = Axe(), [], 0
    for name, path in pages_of(role, person or cast.leads[0], cast):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")
        answer = page.goto(studio + path)
        assert answer is not None
        # Files, and parts that htmx puts into a page.
        is_html = "html" in answer.headers.get("content-type", "")
        if not is_html or not answer.text().lstrip().lower().startswith("<!doctype html"):
            continue
        assert answer.status in (200, 410), f"{name}: {answer.status}"
        seen += 1
        errors = [text for text in said if f"status of {answer.status}" not in text]
        wrong += [f"{name}: {text}" for text in (*serious(axe, page), *sideways(page), *errors)]
        said.clear()
    assert seen > 0
    assert not wrong, "\n".join(wrong)


def pages_of(role: str, person: User, cast: Cast) -> Iterator[tuple[str, str]]:
    """The pages that a role may open and none before it in ROLES: each is looked at once."""
    setting = Setting(cast.project, person)
    for rule in RULES:
        route = BY_NAME[rule.name]
        if is_page(rule, route) and first_role(rule) == role:
            yield rule.name, url_of(route, setting, cast.project.pk)


def is_page(rule: Rule, route: Route) -> bool:
    return "GET" in rule.methods and not route.is_api and rule.name not in NO_PAGES


def first_role(rule: Rule) -> str | None:
    if rule.is_public:
        return NOBODY
    return next((role for role in ROLES if role in rule.allowed), None)


def serious(axe: Axe, page: Page) -> list[str]:
    _hold_still(page)
    light = axe.run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    # By the script that is in the page now; `Axe.run` would load it a second time.
    dark = page.evaluate("options => axe.run(options)", DARK)["violations"]
    return [
        f"{found['id']} at {found['nodes'][0]['target']} ({len(found['nodes'])} places)"
        for found in (*light, *dark)
        if found["impact"] in SERIOUS
    ]


def sideways(page: Page) -> list[str]:
    _hold_still(page)
    page.set_viewport_size({"width": 390, "height": 844})
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{over} px too wide for a phone"] if over > 0 else []


def _hold_still(page: Page) -> None:
    """No colour and no width is looked at while it still changes into another."""
    page.emulate_media(reduced_motion="reduce")
