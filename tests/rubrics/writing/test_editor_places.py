"""Where the editor tells what: beside its field, in view, and where its reader is."""

import pytest
from playwright.sync_api import Page, expect

from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.rubrics.writing.editor import open_editor, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_warning_stands_beside_its_field_until_it_is_hidden(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_label("What the rater decides").fill("Is it adequate?")
    warning = page.locator(
        "[data-form] .lint", has_text="“adequate” is vague. Raters may read it in different ways."
    )
    expect(warning).to_be_visible()
    warning.get_by_role("button", name="Ignore").click()
    expect(warning).to_be_hidden()
    # It blocks nothing, and it stays hidden.
    expect(page.locator("[data-publish]")).to_have_attribute("aria-disabled", "false")
    page.reload()
    expect(page.get_by_label("What the rater decides")).to_have_value("Is it adequate?")
    expect(warning).to_be_hidden()
    page.get_by_text("1 warning").click()
    page.get_by_role("button", name="1 ignored. Show it").click()
    expect(warning).to_be_visible()


def test_a_save_leaves_the_reader_of_the_warnings_where_they_were(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_label("What the rater decides").fill("Is it adequate?")
    saved(page)
    opener = page.locator("#warnings summary")
    opener.click()
    finding = page.locator("#warnings li", has_text="adequate")
    expect(finding).to_be_visible()
    page.get_by_label("What the rater decides").fill("Is it adequate and warm?")
    with page.expect_response("**/save/"):
        opener.focus()
    saved(page)
    expect(finding).to_be_visible()
    expect(opener).to_be_focused()


def test_saving_sending_and_the_playground_stay_in_view(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 700})
        page.get_by_role("button", name="Add a level").scroll_into_view_if_needed()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        for part in ("[data-saved]", "[data-publish]"):
            expect(page.locator(part)).to_be_in_viewport()
        playground = page.locator("#playground-t" if width > 1000 else ".to-playground")
        expect(playground).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("link", name="Playground").click()
    expect(page.locator("#playground-t")).to_be_in_viewport()


def test_what_is_missing_is_an_error_only_in_fields_that_were_touched(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_role("button", name="Add a criterion").click()
    error = page.locator("[data-form] .lint.is-error")
    expect(page.get_by_text("problems to fix")).to_be_visible()
    saved(page)
    expect(error).to_have_count(0)
    page.get_by_label("Name", exact=True).press("Tab")
    expect(error).to_have_count(1)
    # Who wants to publish is shown all that is missing.
    page.get_by_role("button", name="Publish version 1").click(force=True)
    expect(error.nth(1)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
