"""An item is settled by keyboard alone."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotation.models import Decision, Rating, Score
from tests.access.test_every_page import sideways
from tests.conftest import Cast
from tests.support.adjudication import build_apart
from tests.support.browser import sign_in
from tests.support.desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def apart(cast: Cast) -> Desk:
    return build_apart(cast)


def test_two_items_are_settled_by_keyboard(apart: Desk, studio: str, new_context: Any) -> None:
    context = new_context()
    sign_in(context, apart.cast.clinicians[0], studio)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(studio + reverse("adjudication", args=[apart.cast.project.pk]))
    page.keyboard.press("Enter")
    title = page.locator("#desk[data-ready] .bar b")
    expect(title).to_have_text("Dialogue 1, turn 2")

    # A level that nobody gave needs a cause and a reason; the page leads to both.
    page.keyboard.press("2")
    expect(page.locator("select:focus")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-problem]")).to_have_text(
        "Not decided yet: Empathy needs a cause and a reason."
    )
    page.keyboard.type("Gap")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("It names the feeling only.")
    expect(page.locator("[data-saved]")).to_have_text("Draft saved")
    expect(page.locator("[data-rated]")).to_have_text("3")
    page.keyboard.press("Control+Enter")
    expect(title).to_have_text("Dialogue 2, turn 4")

    # Taken back, and sent again.
    page.keyboard.press("Control+z")
    expect(title).to_have_text("Dialogue 1, turn 2")
    expect(page.locator(".crit textarea").first).to_have_value("It names the feeling only.")
    page.keyboard.press("Enter")
    expect(title).to_have_text("Dialogue 2, turn 4")

    # Rater A's level, then all levels stand after all: no level is left.
    page.keyboard.press("a")
    expect(page.locator(".crit").first.locator("input:checked")).to_have_count(1)
    page.keyboard.type("Legit")
    expect(page.locator(".crit").first.locator("input:checked")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_have_text("Everything is settled")
    assert said == []

    ratings = Rating.objects.filter(purpose="adjudication", withdrawn_at=None)
    causes = Decision.objects.filter(score__rating__in=ratings).exclude(cause="")
    assert sorted(causes.values_list("cause", flat=True)) == [
        "guidance_gap",
        "legitimate_difference",
    ]
    scores = Score.objects.filter(rating__in=ratings, criterion_uid="empathy")
    assert set(scores.values_list("value", flat=True)) == {2, None}


def test_the_list_of_a_queue_fits_a_phone(apart: Desk, studio: str, new_context: Any) -> None:
    context = new_context()
    sign_in(context, apart.cast.clinicians[0], studio)
    page = context.new_page()
    where = [apart.cast.project.pk, apart.queue.pk]
    page.goto(studio + reverse("adjudication_queue", args=where))
    expect(page.get_by_role("button", name="Settle").first).to_be_visible()
    # A table that is wider than a phone scrolls by itself, with the hidden labels in it.
    page.locator("tbody td.nowrap").first.evaluate(
        "cell => (cell.textContent = 'Open '.repeat(60))"
    )
    assert sideways(page) == []
