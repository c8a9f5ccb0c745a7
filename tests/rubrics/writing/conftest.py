import pytest
from playwright.sync_api import Page

from tests.conftest import Cast
from tests.support.browser import TIMEOUT_MS, sign_in


@pytest.fixture
def as_clinician(page: Page, cast: Cast, studio: str) -> Page:
    cast.project.needs_approval = False
    cast.project.save()
    sign_in(page.context, cast.clinicians[0], studio)
    page.set_default_timeout(TIMEOUT_MS)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on(
        "console",
        lambda message: page.faults.append(message.text) if message.type == "error" else None,
    )
    return page
