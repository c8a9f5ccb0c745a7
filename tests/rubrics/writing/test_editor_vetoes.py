"""The vetoes of a rubric in the editor."""

import pytest
from playwright.sync_api import Page, expect

from rubrics.models import RubricVersion
from tests.rubrics.writing.editor import open_editor, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_veto_is_switched_off_with_a_reason_and_narrowed(
    as_clinician: Page, studio: str, draft: RubricVersion
) -> None:
    page = as_clinician
    open_editor(page, studio, draft)
    page.get_by_role("link", name="About the rubric").click()
    mode = page.get_by_label("Copies what was said")
    expect(mode).to_have_value("default")
    box = page.locator("[data-veto=copied]")
    expect(box.get_by_label("Why")).to_be_hidden()
    mode.select_option("off")
    saved(page)
    expect(page.get_by_text("is switched off. A judge can reward such a reply.")).not_to_have_count(
        0
    )
    box.get_by_label("Why").fill("The supporter reads the words back.")
    saved(page)
    draft.refresh_from_db()
    off = {"veto": "copied", "criteria": [], "reason": "The supporter reads the words back."}
    assert draft.draft["vetoes"] == [off]
    page.get_by_label("Copies what was said").select_option("some")
    expect(box.get_by_label("Warmth")).to_be_checked()
    saved(page)
    page.reload()
    page.get_by_role("link", name="About the rubric").click()
    expect(page.get_by_label("Copies what was said")).to_have_value("some")
    expect(box.get_by_label("Why")).to_have_value("The supporter reads the words back.")
    # Without any criterion it is off; set back, nothing is left of it.
    box.get_by_label("Warmth").click()
    expect(page.get_by_label("Copies what was said")).to_have_value("off")
    page.get_by_label("Copies what was said").select_option("default")
    saved(page)
    draft.refresh_from_db()
    assert "vetoes" not in draft.draft
    assert page.faults == []
