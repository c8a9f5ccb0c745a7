"""Judging pairs in a real browser, by keyboard alone."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from annotation.models import PairJudgement
from tests.conftest import Cast
from tests.support.browser import sign_in, wait_in
from tests.support.comparisons import Judged, build_comparison
from webapp.accounts.models import User

pytestmark = pytest.mark.browser


@pytest.fixture
def judged(cast: Cast) -> Judged:
    return build_comparison(cast)


@pytest.fixture
def at(judged: Judged, studio: str, new_context: Any) -> Any:
    """A page of somebody at the first pair."""

    def begin(user: User) -> Page:
        context = new_context()
        sign_in(context, user, studio)
        page: Page = context.new_page()
        page.goto(studio + reverse("desk", args=[judged.cast.project.pk]))
        expect(page.locator("li button:focus")).to_have_text("Start")
        page.keyboard.press("Enter")
        is_at(page, "Pair 1")
        return page

    return begin


def is_at(page: Page, title: str) -> None:
    expect(page.locator("#desk[data-ready] .bar b")).to_have_text(title)


def reads(page: Page, text: str) -> None:
    expect(page.locator("body")).to_contain_text(text)


def choices(user: User) -> list[str]:
    rows = PairJudgement.objects.filter(rater__user=user).order_by("pair__position")
    return list(rows.values_list("choice", flat=True))


def test_a_few_pairs_by_keyboard(judged: Judged, at: Any) -> None:
    ana = judged.cast.annotators[0]
    page = at(ana)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Take back the last judgement")
    # A dialog is open: the letter chooses nothing.
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("o")
    page.keyboard.press("p")
    expect(page.locator("details[data-span][open]")).to_have_count(2)
    expect(page.locator("details[data-profile][open]")).to_have_count(1)

    page.keyboard.press("a")
    is_at(page, "Pair 2")
    reads(page, "Pair 1 is judged.")
    page.keyboard.press("Control+z")
    is_at(page, "Pair 1")
    assert choices(ana) == ["", ""]
    page.keyboard.press("b")
    is_at(page, "Pair 2")
    reads(page, "of 3")
    page.keyboard.press("t")
    is_at(page, "Pair 3")
    page.get_by_role("button", name="Reply A").click()
    reads(page, "You have finished Warm or cold")
    assert choices(ana) == ["b", "tie", "a"]
    # The last one can be taken back from here, too.
    page.keyboard.press("Control+z")
    is_at(page, "Pair 3")
    assert choices(ana) == ["b", "tie", ""]
    assert complaints == []


def test_a_key_pressed_twice_judges_one_pair(judged: Judged, at: Any) -> None:
    ana = judged.cast.annotators[0]
    page = at(ana)
    held: list[Route] = []
    page.route("**/judge/", lambda route: held.append(route), times=1)
    page.keyboard.press("a")
    wait_in(page, lambda: held, "the judgement to be sent")
    page.keyboard.press("a")
    reads(page, "so the key did nothing.")
    held[0].continue_()
    is_at(page, "Pair 2")
    assert choices(ana) == ["a", ""]


def test_a_lost_answer_can_be_sent_again(judged: Judged, at: Any) -> None:
    ana = judged.cast.annotators[0]
    page = at(ana)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/judge/", lose, times=1)
    page.keyboard.press("t")
    reads(page, "The studio could not be reached. Try again.")
    assert choices(ana) == ["tie", ""]
    page.keyboard.press("t")
    is_at(page, "Pair 2")
    assert choices(ana) == ["tie", ""]


def test_single_letters_can_be_switched_off(judged: Judged, at: Any) -> None:
    user = judged.cast.annotators[0]
    user.single_keys = False
    user.save()
    page = at(user)
    page.keyboard.press("a")
    page.get_by_role("button", name="Tie").click()
    is_at(page, "Pair 2")
    assert choices(user) == ["tie", ""]


def test_on_a_phone_the_replies_are_one_below_the_other(judged: Judged, at: Any) -> None:
    page = at(judged.cast.annotators[0])
    page.set_viewport_size({"width": 390, "height": 844})
    a, b = (page.locator(".reply").nth(n).bounding_box() for n in (0, 1))
    assert a is not None and b is not None
    assert b["y"] >= a["y"] + a["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1440, "height": 900})
    a, b = (page.locator(".reply").nth(n).bounding_box() for n in (0, 1))
    assert a is not None and b is not None
    assert a["y"] == b["y"] and b["x"] >= a["x"] + a["width"]
