"""A draft that is sent for review or published while somebody writes in it."""

import pytest
from playwright.sync_api import Page, expect

from rubrics.models import RubricVersion
from rubrics.versions.services import (
    version_publish,
    version_send_for_review,
    version_withdraw_from_review,
)
from rubrics.writing.services import draft_open
from tests.conftest import Cast
from tests.rubrics.writing.editor import look_who_is_here, open_editor, saved
from tests.support.rubric_texts import rubric_text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_text_in_review_is_read_only_and_what_was_not_sent_comes_back(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    field = page.get_by_label("What the rater decides")
    page.route("**/save/", lambda route: route.abort())
    field.fill("Typed too late.")
    expect(page.locator("[data-saved][data-state=failed]")).to_be_visible()
    version_send_for_review(version=draft, actor=cast.clinicians[1])
    page.unroute("**/save/")
    look_who_is_here(page)
    closed = page.locator("[data-locked]")
    expect(closed).to_contain_text("Version 1 is in review. Take it back to change it.")
    expect(closed).to_contain_text("They are kept on this computer")
    expect(closed).to_be_in_viewport()
    expect(field).to_have_value("Typed too late.")
    expect(field).not_to_be_editable()
    expect(page.get_by_role("button", name="Add a criterion")).to_be_disabled()
    page.get_by_label("Anchor of level 3").focus()
    expect(closed).to_be_in_viewport()
    page.locator("h1").click()
    page.keyboard.press("n")
    page.keyboard.press("Control+z")
    expect(page.locator("[data-criteria] a")).to_have_count(1)
    draft.refresh_from_db()
    assert draft.draft == rubric_text()
    # A page that was open all along goes on, and so would one that is opened now.
    version_withdraw_from_review(version=draft, actor=cast.clinicians[1])
    look_who_is_here(page)
    expect(closed).to_be_hidden()
    expect(field).to_be_editable()
    saved(page)
    draft.refresh_from_db()
    assert draft.draft["criteria"][0]["description"] == "Typed too late."


def test_what_was_not_sent_before_publishing_comes_back_in_the_next_draft(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.route("**/save/", lambda route: route.abort())
    page.get_by_label("What the rater decides").fill("Typed too late.")
    expect(page.locator("[data-saved][data-state=failed]")).to_be_visible()
    version_publish(version=draft, actor=cast.clinicians[1])
    following = draft_open(rubric=draft.rubric, actor=cast.clinicians[1])
    page.unroute("**/save/")
    open_editor(page, studio, following)
    expect(page.get_by_label("What the rater decides")).to_have_value("Typed too late.")
    saved(page)
    following.refresh_from_db()
    assert following.draft["criteria"][0]["description"] == "Typed too late."
