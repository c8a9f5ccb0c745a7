"""The comparison of two versions by keyboard, and publishing with its question."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from rubrics.models import RubricVersion
from rubrics.versions.services import version_approve, version_send_for_review
from rubrics.writing.services import draft_open, draft_save
from tests.conftest import Cast
from tests.support.browser import sign_in
from tests.support.rubric_texts import criterion, rubric_text

pytestmark = pytest.mark.browser


def test_compare_by_keyboard_then_publish(
    cast: Cast, page: Page, studio: str, published: RubricVersion
) -> None:
    author, other = cast.clinicians
    draft = draft_open(rubric=published.rubric, actor=author)
    text = rubric_text(criterion("warmth", description="Is it warm?", weight=2.0), criterion("new"))
    draft_save(version=draft, actor=author, content=text, expected_revision=0)
    version_send_for_review(version=draft, actor=author)
    version_approve(version=draft, actor=other)
    sign_in(page.context, author, studio)
    page.goto(studio + reverse("rubric_compare", args=[cast.project.pk, published.rubric_id]))

    expect(page.locator(".in-line").first).to_be_visible()
    page.keyboard.press("v")
    expect(page.locator(".in-line").first).to_be_hidden()
    expect(page.locator(".is-new").first).to_be_visible()
    expect(page).to_have_url(re.compile("layout=side"))
    page.keyboard.press("j")
    expect(page.locator("[data-change]").nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-change]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("[data-change]").nth(0)).to_be_focused()
    # Another version is one choice away.
    page.get_by_label("To", exact=True).select_option(str(published.pk))
    expect(page.get_by_role("heading", name="The two texts are the same")).to_be_visible()

    page.goto(studio + reverse("rubric_version", args=[cast.project.pk, draft.pk]))
    page.get_by_role("button", name="Publish version 2").click()
    dialog = page.locator("#publish")
    expect(dialog.get_by_text("Did the meaning of Warmth change?")).to_be_visible()
    dialog.get_by_label("No, only the wording changed").check()
    dialog.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    assert published.criteria.get().meaning_id == draft.criteria.get(uid="warmth").meaning_id


def test_a_history_of_two_fits_a_phone(
    cast: Cast, page: Page, studio: str, published: RubricVersion
) -> None:
    draft_open(rubric=published.rubric, actor=cast.clinicians[0])
    sign_in(page.context, cast.clinicians[0], studio)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(studio + reverse("rubric", args=[cast.project.pk, published.rubric_id]))
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
