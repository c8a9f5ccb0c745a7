"""The editor as the tests of a browser use it."""

from playwright.sync_api import Page, expect

from rubrics.models import RubricVersion


def saved(page: Page) -> None:
    expect(page.locator("[data-saved][data-state=saved]")).to_be_visible()


def open_editor(page: Page, studio: str, draft: RubricVersion) -> None:
    page.goto(f"{studio}/p/{draft.project_id}/rubrics/versions/{draft.pk}/edit/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Warmth")


def look_who_is_here(page: Page) -> None:
    """Have the page ask now what colleagues did, and not at its next turn."""
    with page.expect_response("**/presence/"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
