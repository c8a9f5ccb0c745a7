"""The editor in a real browser."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from rubrics.models import RubricVersion
from rubrics.versions.services import (
    version_publish,
    version_send_for_review,
    version_withdraw_from_review,
)
from rubrics.writing.services import draft_open, draft_save
from tests.conftest import Cast
from tests.support.browser import TIMEOUT_MS, follow, sign_in
from tests.support.rubric_texts import criterion, rubric_text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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


def saved(page: Page) -> None:
    expect(page.locator("[data-saved][data-state=saved]")).to_be_visible()


def write_criterion(page: Page, name: str, levels: list[tuple[str, str]]) -> None:
    page.get_by_role("button", name="Add a criterion").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("What the rater decides").fill(f"How much {name.lower()} is there?")
    for value, (label, anchor) in enumerate(levels, start=1):
        page.get_by_label(f"Name of level {value}").fill(label)
        page.get_by_label(f"Anchor of level {value}").fill(anchor)


LEVELS = [("None", "Nothing of it."), ("Some", "A trace of it."), ("Much", "Clearly there.")]


def test_a_clinician_writes_reloads_and_publishes(
    as_clinician: Page, cast: Cast, studio: str
) -> None:
    page = as_clinician
    page.goto(f"{studio}/p/{cast.project.pk}/rubrics/")
    follow(page.get_by_role("link", name="New rubric").first)
    page.get_by_label("Name").fill("Warm replies")
    follow(page.get_by_role("button", name="Start writing"))
    expect(page.get_by_text("needs a criterion that people or judges score")).to_be_visible()
    write_criterion(page, "Warmth", LEVELS)
    write_criterion(page, "Safety", LEVELS)
    page.get_by_label("Weight").fill("3")
    page.get_by_label("Gate below level").select_option("2")
    # Moved above Warmth by the keyboard.
    page.get_by_label("Name", exact=True).press("Alt+ArrowUp")
    expect(page.locator("[data-criteria] a").first).to_contain_text("Safety")
    expect(page.locator("[data-criteria] a").first).to_contain_text("75 %")
    expect(page.get_by_text("If Safety is below 2, the total is 0.")).to_be_visible()
    expect(page.get_by_text("Nothing is missing.")).to_be_visible()
    saved(page)
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Safety")
    expect(page.get_by_label("Anchor of level 3")).to_have_value("Clearly there.")
    page.get_by_role("button", name="Publish version 1").click()
    page.get_by_label("What changed").fill("The first version.")
    page.get_by_role("dialog").get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    expect(page.get_by_text("Clearly there.").first).to_be_visible()
    version = RubricVersion.objects.get()
    assert version.status == "published" and version.self_approved
    assert [c["name"] for c in version.spec.content["criteria"]] == ["Safety", "Warmth"]
    assert page.faults == []


def open_editor(page: Page, studio: str, draft: RubricVersion) -> None:
    page.goto(f"{studio}/p/{draft.project_id}/rubrics/versions/{draft.pk}/edit/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Warmth")


def test_text_survives_a_server_that_is_away(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.route("**/save/", lambda route: route.abort())
    page.get_by_label("What the rater decides").fill("Typed while nobody listened.")
    state = page.locator("[data-saved]")
    expect(state).to_contain_text(re.compile(r"Not saved, trying again in \d s\."))
    expect(state).to_contain_text("Your text is kept on this computer.")
    page.reload()
    expect(page.get_by_label("What the rater decides")).to_have_value(
        "Typed while nobody listened."
    )
    page.unroute("**/save/")
    page.get_by_label("Name", exact=True).press("Control+s")
    saved(page)
    draft.refresh_from_db()
    assert draft.draft["criteria"][0]["description"] == "Typed while nobody listened."


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


def test_removed_criterion_and_level_come_back(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_role("button", name="Remove level").first.click()
    expect(page.get_by_label("Anchor of level 1")).to_have_value("One sees warmth 2.")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Anchor of level 1")).to_have_value("One sees warmth 1.")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("Start with the one thing")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Warmth")
    saved(page)
    draft.refresh_from_db()
    assert draft.draft == rubric_text()


def test_undo_and_redo_go_over_the_whole_draft_and_over_a_reload(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    name, undo = page.get_by_label("Name", exact=True), page.locator("[data-do=undo]")
    expect(undo).to_be_disabled()
    name.fill("")
    name.press_sequentially("Calm")  # typed in one go, undone in one go
    page.get_by_label("Anchor of level 1").fill("Agitated.")
    expect(undo).to_have_attribute("title", "Undo: Anchor of level 1 (Ctrl Z)")
    saved(page)
    page.reload()
    expect(undo).to_be_enabled()
    page.locator("body").press("Control+z")
    expect(page.get_by_label("Anchor of level 1")).to_have_value("One sees warmth 1.")
    expect(page.get_by_label("Anchor of level 1")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(name).to_have_value("Warmth")
    page.keyboard.press("Control+Shift+z")
    expect(name).to_have_value("Calm")
    saved(page)
    draft.refresh_from_db()
    assert draft.draft["criteria"][0]["name"] == "Calm"
    assert draft.draft["criteria"][0]["levels"][0]["anchor"] == "One sees warmth 1."
    assert page.faults == []


def test_criteria_are_moved_by_dragging(
    as_clinician: Page, cast: Cast, studio: str, draft: RubricVersion
) -> None:
    text = rubric_text(criterion("warmth"), criterion("calm"), criterion("safety"))
    draft_save(version=draft, actor=cast.clinicians[0], content=text, expected_revision=0)
    page = as_clinician
    open_editor(page, studio, draft)
    rows = page.locator("[data-criteria] a")
    expect(rows).to_have_count(3)
    rows.nth(2).drag_to(rows.nth(0), target_position={"x": 20, "y": 3})
    expect(rows).to_contain_text(["Safety", "Warmth", "Calm"])
    saved(page)
    draft.refresh_from_db()
    assert [c["uid"] for c in draft.draft["criteria"]] == ["safety", "warmth", "calm"]


def test_anchors_that_go_with_their_scale_are_told_and_come_back(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_label("Scale", exact=True).select_option("binary")
    gone = page.locator("#toasts", has_text="was removed with the old scale")
    expect(gone).to_contain_text("levels")
    gone.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Scale", exact=True)).to_have_value("levels")
    expect(page.locator('[data-f="anchor"]').first).to_have_value("One sees warmth 1.")


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


def look_who_is_here(page: Page) -> None:
    """Have the page ask now what colleagues did, and not at its next turn."""
    with page.expect_response("**/presence/"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


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
