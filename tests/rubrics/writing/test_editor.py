"""The editor in a real browser: writing, saving and undoing."""

import re

import pytest
from playwright.sync_api import Page, expect

from rubrics.models import RubricVersion
from rubrics.writing.services import draft_save
from tests.conftest import Cast
from tests.rubrics.writing.editor import open_editor, saved
from tests.support.browser import follow
from tests.support.rubric_texts import criterion, rubric_text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
