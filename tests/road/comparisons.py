"""The station where people compare two models without knowing which is which."""

import re
from itertools import cycle, islice

from playwright.sync_api import Page, expect

from tests.road.models import PROMPTS, STARTER
from tests.road.walk import Road, choose, fill, press
from tests.support.browser import follow

NAME = "Which one helps more"
# Nobody is asked about two answers that are identical.
LEAST = 10


def compare_blind(road: Road, trained: str) -> int:
    """The lead asks an annotator, who judges by keyboard. Returns how many pairs were judged."""
    page = road.pages["lead"]
    follow(page.get_by_role("link", name="Compare two systems blind"))
    fill(page, {"Name": NAME, "Maximum number of pairs": PROMPTS})
    choose(page, "System", trained)
    choose(page, "Compared with", STARTER)
    page.get_by_label("Amara Deluse").check()
    press(page, "Start the comparison")
    expect(page.get_by_text("No pair is judged yet.")).to_be_visible()

    judged = judge_pairs(road)
    assert judged >= LEAST, f"only {judged} of {PROMPTS} pairs of answers differ"

    page.reload()
    rate = page.get_by_role("row", name=f"Win rate of {trained}").locator("td")
    expect(rate).to_have_text(
        [re.compile(r"\d %"), re.compile(r"\d %\s+to\s"), re.compile(rf"{judged} pairs\s+of")]
    )
    a, b, ties = (len(range(start, judged, 3)) for start in range(3))
    side = page.get_by_role("row", name="Chose the reply shown as A").locator("td")
    expect(side).to_contain_text([f"{100 * a / (a + b):.1f} %", " to ", f"{a + b} judgements"])
    expect(page.get_by_role("row", name=f"Tie {ties}")).to_be_visible()
    road.shoot(page, "10-comparison")
    return judged


def judge_pairs(road: Road) -> int:
    """All pairs of the desk, by the keys A, B and T in turn. Returns how many there were."""
    page = road.go("annotator", "Desk")
    waiting = page.locator("li", has_text=NAME)
    follow(waiting.get_by_role("button", name="Start"))
    total = int(page.locator(".bar dt").inner_text().removeprefix("of "))
    for number, key in enumerate(islice(cycle("abt"), total), 1):
        held = page.locator("#desk[data-ready]").get_attribute("data-pair")
        if number == 2:
            road.shoot(page, "10-pair")
        page.keyboard.press(key)
        expect(page.locator(f"[data-pair='{held}']")).to_have_count(0)
    expect(page.locator("h1")).to_have_text(f"You have finished {NAME}")
    return total


def open_results(road: Road) -> Page:
    """The lead's page of this comparison."""
    page = road.go("lead", "Evaluation", "Evaluation 1", "Blind comparisons")
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    return page
