"""The desk in real browsers: by keyboard alone, blind, and through a lost connection."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, Response, Route, expect

from annotation.models import Assignment, Rating
from tests.conftest import Cast
from tests.support.browser import follow, sign_in, wait_in
from tests.support.desk import Desk, build_desk
from webapp.accounts.models import User

pytestmark = pytest.mark.browser

WORDS = "ANA-WROTE-THIS"


class Seat:
    """One person's browser, and everything that the studio ever sent to it."""

    def __init__(self, context: BrowserContext, user: User, studio: str, at_desk: Desk) -> None:
        sign_in(context, user, studio)
        self.studio, self.project = studio, at_desk.cast.project.pk
        self.page: Page = context.new_page()
        self.received: list[str] = []
        self.complaints: list[str] = []
        self.page.on("response", self._keep)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._keep_frame))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )

    def go(self, name: str, *args: Any) -> None:
        self.page.goto(self.studio + reverse(name, args=[self.project, *args]))

    def begin(self) -> None:
        """Open the desk and start its first queue, whose button has the focus."""
        self.go("desk")
        expect(self.page.locator("li button:focus")).to_be_visible()
        self.press("Enter")
        self.is_at("Dialogue 1, turn 2")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def reads(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text)

    def is_at(self, title: str) -> None:
        expect(self.page.locator("#desk[data-ready] .bar b")).to_have_text(title)

    def _keep(self, response: Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.status < 300 and ("html" in kind or "json" in kind):
            self.received.append(response.text())

    def _keep_frame(self, frame: Any) -> None:
        self.received.append(str(frame))


Seats = Callable[[User], Seat]


@pytest.fixture
def at_desk(cast: Cast) -> Desk:
    return build_desk(cast, dialogues=1)


@pytest.fixture
def seat_of(at_desk: Desk, studio: str, new_context: Any) -> Seats:
    return lambda user: Seat(new_context(), user, studio, at_desk)


def test_two_people_rate_blind_by_keyboard_alone_and_the_lead_sees_agreement(
    at_desk: Desk, seat_of: Seats
) -> None:
    cast = at_desk.cast
    ana, ben, lead = (seat_of(user) for user in (*cast.annotators[:2], cast.leads[0]))

    ana.begin()
    # An incomplete rating is not sent: what lacks a level is named and opened.
    ana.press("2", "Enter")
    ana.reads("Not rated yet: Asking, Safety.")
    expect(ana.page.locator(".crit.is-open h3")).to_have_text("Asking")
    ana.press("1", "x", "k", "k", "n")
    ana.page.keyboard.type(WORDS)
    ana.press("Escape", "o", "p")
    expect(ana.page.locator(".turn[aria-current] details[open]")).to_have_count(2)
    expect(ana.page.locator("details[data-profile][open]")).to_have_count(1)
    expect(ana.page.locator("[data-saved]")).to_have_text("Draft saved")
    ana.press("?")
    expect(ana.page.locator("#keys")).to_be_visible()
    ana.press("Escape")
    expect(ana.page.locator("#keys")).to_be_hidden()
    ana.press("Enter")
    ana.is_at("Dialogue 1, turn 4")
    ana.reads("Dialogue 1, turn 2 is submitted.")

    # Taken back, sharpened, submitted again.
    ana.press("Control+z")
    ana.is_at("Dialogue 1, turn 2")
    ana.reads("3 of 3 criteria")
    ana.press("k", "k", "k", "1", "Enter")
    ana.is_at("Dialogue 1, turn 4")
    ana.press("4", "2", "1", "Enter")
    ana.reads("You have finished First look")
    assert Rating.objects.filter(rater__user=cast.annotators[0], withdrawn_at=None).count() == 2

    ben.begin()
    ben.press("5", "1", "0", "Enter")
    ben.is_at("Dialogue 1, turn 4")
    # A concern, and a skip that is taken back from the desk.
    ben.press("f")
    expect(ben.page.locator("#flag-reason")).to_be_focused()
    ben.page.keyboard.type("Sounds unsafe.")
    ben.press("Control+Enter")
    ben.reads("The lead will see your concern.")
    expect(ben.page.locator("#flag")).to_be_hidden()
    skip = ("s", "Control+Enter")
    ben.press(skip[0])
    expect(ben.page.locator("#skip-reason")).to_be_focused()
    ben.press(skip[1])
    ben.reads("You have finished First look")
    # The undo is that of the skip, not of the rating before.
    ben.press("Control+z")
    ben.is_at("Dialogue 1, turn 4")
    assert Rating.objects.filter(withdrawn_at=None, rater__user=cast.annotators[1]).count() == 1
    ben.press(skip[0])
    expect(ben.page.locator("#skip-reason")).to_be_focused()
    ben.press(skip[1])
    ben.reads("You have finished First look")
    ben.go("desk")
    ben.press("j", "Enter")
    ben.is_at("Dialogue 1, turn 4")
    ben.reads("You skipped this one.")
    ben.press("4", "2", "1", "Enter")
    ben.reads("You have finished First look")

    for received in ben.received:
        assert WORDS not in received
    lead.go("queue", at_desk.queue.pk)
    lead.reads("Sounds unsafe.")
    follow(lead.page.get_by_role("link", name="Agreement").last)
    lead.reads("People rated too few of the same items")
    lead.reads("too few: 2 of at least 10 items")
    lead.page.select_option("#criterion", label="Asking")
    expect(lead.page.locator("#agreement caption.sr")).to_contain_text("Asking: level given by")
    assert [seat.complaints for seat in (ana, ben, lead)] == [[], [], []]


def test_a_lost_connection_loses_nothing(at_desk: Desk, seat_of: Seats) -> None:
    ana = seat_of(at_desk.cast.annotators[0])
    ana.begin()
    ana.page.route("**/draft/", lambda route: route.abort())
    ana.press("4")
    ana.reads("Not saved, trying again in 5 s. Your rating is saved on this computer.")
    assert Assignment.objects.get().draft == {}
    # The page is closed and opened again before the studio is back.
    ana.page.reload()
    ana.reads("1 of 3 criteria")
    ana.page.unroute("**/draft/")
    expect(ana.page.locator("[data-saved]")).to_have_text("Draft saved")
    assert Assignment.objects.get().draft["scores"] == {"empathy": 4}

    # The submit arrives and its answer does not: sent again, it is the same rating.
    sent = []

    def lose_the_answer(route: Route) -> None:
        sent.append(route.fetch())
        route.abort()

    ana.page.route("**/submit/", lose_the_answer, times=1)
    ana.press("1", "1", "Enter")
    ana.reads("Not sent, trying again in 5 s.")
    # It is sealed: a key that was meant for the next item changes nothing of it.
    ana.press("3", "k")
    ana.reads("Your rating is waiting for the connection, so the key did nothing.")
    expect(ana.page.locator("#desk .bar b")).to_have_text("Dialogue 1, turn 4")
    assert len(sent) == 1
    assert Rating.objects.get().scores.get(criterion_uid="empathy").value == 4


def test_another_window_does_not_overwrite(at_desk: Desk, seat_of: Seats) -> None:
    ana = seat_of(at_desk.cast.annotators[0])
    ana.begin()
    other = ana.page.context.new_page()
    other.goto(ana.page.url)
    expect(other.locator("#desk[data-ready]")).to_be_visible()
    other.keyboard.press("5")
    expect(other.locator("[data-saved]")).to_have_text("Draft saved")
    ana.press("1")
    ana.reads("Changed in another window.")
    assert Assignment.objects.get().draft["scores"] == {"empathy": 5}
    ana.page.get_by_role("button", name="Keep this version").click()
    expect(ana.page.locator("[data-saved]")).to_have_text("Draft saved")
    assert Assignment.objects.get().draft["scores"] == {"empathy": 1}


def test_single_letters_can_be_switched_off(at_desk: Desk, seat_of: Seats) -> None:
    user = at_desk.cast.annotators[0]
    user.single_keys = False
    user.save()
    ana = seat_of(user)
    ana.begin()
    ana.press("4", "s")
    expect(ana.page.locator("#skip")).to_be_hidden()
    ana.reads("0 of 3 criteria")


def test_a_key_right_after_a_dialog_closed_is_meant_for_the_page(
    at_desk: Desk, seat_of: Seats
) -> None:
    """The browser leaves the focus on the hidden button until it has drawn the page again."""
    ana = seat_of(at_desk.cast.annotators[0])
    ana.begin()
    press = """key => {
        const sheet = document.querySelector(key === "4" ? "#flag" : "#keys");
        sheet.showModal();
        sheet.close();
        if (!document.activeElement.closest("dialog")) throw new Error("the focus left at once");
        document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })
        );
    }"""
    ana.page.evaluate(press, "4")
    ana.reads("1 of 3 criteria")
    ana.press("1", "x")
    ana.page.evaluate(press, "Enter")
    ana.is_at("Dialogue 1, turn 4")
    ana.reads("Dialogue 1, turn 2 is submitted.")


def test_keys_while_a_rating_is_under_way_are_said_and_change_nothing(
    at_desk: Desk, seat_of: Seats
) -> None:
    ana = seat_of(at_desk.cast.annotators[0])
    ana.begin()
    held: list[Route] = []
    ana.page.route("**/submit/", lambda route: held.append(route), times=1)
    # The draft is still on its way when the rating is handed in: it arrives first.
    ana.press("4", "1", "x", "Enter", "Enter", "2", "k")
    ana.reads("so the key did nothing.")
    expect(ana.page.locator(".crit input:checked")).to_have_count(3)
    expect(ana.page.locator(".crit").first.locator("input:checked")).to_have_value("4")
    ana.page.wait_for_function("document.querySelector('[data-rating]').inert")
    wait_in(ana.page, lambda: held, "the rating to be sent")
    held[0].continue_()
    ana.is_at("Dialogue 1, turn 4")
    ana.reads("Dialogue 1, turn 2 is submitted.")
    # The new item hears keys at once.
    ana.press("5")
    ana.reads("1 of 3 criteria")
    assert Rating.objects.get().scores.get(criterion_uid="empathy").value == 4
    for width, height in ((1440, 900), (390, 844)):
        ana.page.set_viewport_size({"width": width, "height": height})
        ana.page.keyboard.press("f")
        ana.page.locator("#flag-reason").fill("Hm.")
        ana.press("Control+Enter")
        ana.reads("The lead will see your concern.")
        assert ana.page.evaluate(UNDER_TOAST) == []
    expect(ana.page.get_by_role("button", name="Undo the rating")).to_be_visible()


# The controls that a toast lies over.
UNDER_TOAST = """() => {
    const toast = document.querySelector(".toast").getBoundingClientRect();
    return [...document.querySelectorAll("main :is(button, a, summary, label, textarea), .rail a")]
        .filter((control) => {
            const box = control.getBoundingClientRect();
            const x = Math.max(box.left, toast.left), y = Math.max(box.top, toast.top);
            const [right, bottom] = [
                Math.min(box.right, toast.right), Math.min(box.bottom, toast.bottom)
            ];
            if (x >= right || y >= bottom) return false;
            // What a bar hides is not hidden by the toast.
            document.querySelector("#toasts").hidden = true;
            const seen = document.elementFromPoint((x + right) / 2, (y + bottom) / 2);
            document.querySelector("#toasts").hidden = false;
            return control === seen || control.contains(seen);
        })
        .map((control) => control.outerHTML);
}"""


def test_a_draft_that_gets_no_answer_does_not_hold_the_rating_for_ever(
    at_desk: Desk, seat_of: Seats
) -> None:
    ana = seat_of(at_desk.cast.annotators[0])
    ana.begin()
    ana.page.clock.install()
    held: list[Route] = []
    ana.page.route("**/draft/", lambda route: held.append(route), times=1)
    with ana.page.expect_request("**/draft/"):
        ana.press("4", "1", "x")
    ana.press("Enter")
    ana.page.wait_for_function("document.querySelector('[data-rating]').inert")
    ana.page.clock.fast_forward("00:21")
    ana.is_at("Dialogue 1, turn 4")
    assert Rating.objects.get().scores.get(criterion_uid="empathy").value == 4


def test_a_window_left_open_does_not_submit_over_a_newer_draft(
    at_desk: Desk, seat_of: Seats
) -> None:
    ana = seat_of(at_desk.cast.annotators[0])
    ana.begin()
    ana.press("1", "1", "x")
    expect(ana.page.locator("[data-saved]")).to_have_text("Draft saved")
    other = ana.page.context.new_page()
    other.goto(ana.page.url)
    expect(other.locator("#desk[data-ready]")).to_be_visible()
    other.keyboard.press("k")
    other.keyboard.press("k")
    other.keyboard.press("5")
    expect(other.locator("[data-saved]")).to_have_text("Draft saved")
    ana.press("Enter")
    ana.reads("Changed in another window.")
    assert Rating.objects.count() == 0
    ana.page.get_by_role("button", name="Keep this version").click()
    expect(ana.page.locator("[data-saved]")).to_have_text("Draft saved")
    ana.press("Enter")
    ana.is_at("Dialogue 1, turn 4")
    # The other window is told, and not thanked.
    other.keyboard.press("Enter")
    expect(other.locator("[data-problem]")).to_contain_text(
        "Not submitted: you rated this in another window."
    )
    assert Rating.objects.get().scores.get(criterion_uid="empathy").value == 1
