"""Two people in one draft: whose text is kept, and who learns of it."""

import pytest
from playwright.sync_api import Page, Route, expect

from rubrics.models import RubricVersion
from rubrics.writing.services import draft_save
from tests.conftest import Cast
from tests.rubrics.writing.editor import look_who_is_here, open_editor, saved
from tests.support.rubric_texts import criterion, rubric_text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_reply_that_got_lost_is_no_conflict(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)

    def lose_the_reply(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/save/", lose_the_reply, times=1)
    page.get_by_label("What the rater decides").fill("First.")
    expect(page.locator("[data-saved][data-state=failed]")).to_be_visible()
    page.get_by_label("What the rater decides").fill("First and second.")
    saved(page)
    expect(page.locator("[data-conflict]")).to_be_hidden()
    draft.refresh_from_db()
    assert draft.draft["criteria"][0]["description"] == "First and second."


@pytest.mark.parametrize("keep", ["Yours", "Lena Lead", "A new text"])
def test_two_people_choose_between_both_texts_field_by_field(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion, keep: str
) -> None:
    page = as_clinician
    # Without a beat in between, so that this page learns of it from its own save.
    page.route("**/presence/", lambda route: route.abort())
    open_editor(page, studio, draft)
    theirs = rubric_text()
    theirs["criteria"][0] |= {"description": "Theirs <b>bold</b>", "use_when": "Always."}
    draft_save(version=draft, actor=cast.leads[0], content=theirs, expected_revision=0)
    field = page.locator("#f-description")
    field.fill("Mine")
    conflict = page.locator("[data-conflict]")
    expect(conflict).to_contain_text("Lena Lead saved this draft while you were writing.")
    expect(conflict.locator("fieldset")).to_have_count(1)
    expect(conflict.locator("fieldset")).to_contain_text("Theirs <b>bold</b>")
    # Whoever is writing goes on writing, and what they write is no command.
    expect(field).to_be_focused()
    page.keyboard.type(" nn")
    expect(page.locator("[data-criteria] a")).to_have_count(1)
    page.get_by_role("button", name="Choose a text").click()
    expect(conflict).to_be_focused()
    # Nothing is chosen yet, and nothing was overwritten.
    expect(conflict.get_by_role("radio", checked=True)).to_have_count(0)
    draft.refresh_from_db()
    assert draft.draft == theirs
    conflict.get_by_role("button", name="Use these choices").click(force=True)
    expect(conflict.get_by_role("radio").first).to_be_focused()
    if keep == "A new text":
        written = conflict.get_by_role("textbox", name="A new text")
        expect(written).to_have_value("Mine")
        written.fill("Ours")
    else:
        conflict.get_by_role("radio", name=keep).check()
    conflict.get_by_role("button", name="Use these choices").press("Enter")
    saved(page)
    draft.refresh_from_db()
    kept = {"Yours": "Mine nn", "A new text": "Ours"}.get(keep, "Theirs <b>bold</b>")
    assert draft.draft["criteria"][0]["description"] == kept
    assert draft.draft["criteria"][0]["use_when"] == "Always."
    expect(page.get_by_label("What the rater decides")).to_have_value(kept)


def test_the_rest_of_a_word_is_no_command_where_a_colleague_removed_its_criterion(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_label("What the rater decides").focus()
    page.keyboard.type("So")
    saved(page)
    draft.refresh_from_db()
    theirs = rubric_text(criterion("calm"))
    draft_save(version=draft, actor=cast.leads[0], content=theirs, expected_revision=1)
    look_who_is_here(page)
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value("Calm")
    page.keyboard.type("nc")
    expect(page.locator("[data-criteria] a")).to_have_count(1)
    expect(page.locator("#threads")).to_be_hidden()
    # Who leaves the text on purpose gives commands again.
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("[data-criteria] a")).to_have_count(2)


def test_a_writer_stays_in_the_field_where_a_colleague_moves_its_criterion(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    field = page.get_by_label("What the rater decides")
    field.focus()
    theirs = rubric_text(criterion("calm"), criterion("warmth"))
    draft_save(version=draft, actor=cast.leads[0], content=theirs, expected_revision=0)
    look_who_is_here(page)
    expect(page.locator("[data-criteria] a")).to_contain_text(["Calm", "Warmth"])
    expect(field).to_be_focused()
    page.keyboard.type("Still here.")
    saved(page)
    draft.refresh_from_db()
    assert draft.draft["criteria"][1]["description"] == "Still here."


def test_whoever_is_overridden_reads_by_whom_and_what_it_was(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_label("What the rater decides").fill("Mine")
    saved(page)
    draft.refresh_from_db()
    theirs = rubric_text()
    theirs["criteria"][0]["description"] = "Theirs"
    draft_save(version=draft, actor=cast.leads[0], content=theirs, expected_revision=1)
    look_who_is_here(page)
    told = page.locator("[data-overridden]")
    expect(told).to_contain_text("Warmth: what the rater decides, replaced by Lena Lead")
    expect(page.get_by_text("were merged")).to_have_count(0)
    told.locator("summary").click()
    expect(told.locator("[data-before]")).to_have_text("Mine")
    expect(told.locator("[data-after]")).to_have_text("Theirs")
    told.get_by_role("button", name="Close").click()
    expect(told).to_be_hidden()
