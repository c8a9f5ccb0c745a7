"""The playground beside the editor, in Chromium: typed, scored, outrun by the draft."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from playwright.sync_api import Page, Route, expect

from annotation.impact import work
from annotation.models import PlaygroundRun
from tests.conftest import Cast
from tests.support.browser import sign_in
from tests.support.impact import draft_of, reader, reading
from tests.support.judge_runs import llm_judge
from webapp.llm.models import Endpoint

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def voice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    with reading(cast, reader(), monkeypatch) as endpoint:
        yield endpoint


def work_elsewhere(run: PlaygroundRun) -> None:
    """The worker's part, away from Playwright's event loop, which runs in this thread."""

    def work_and_close() -> None:
        try:
            work.work(PlaygroundRun, str(run.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work_and_close).result()


def test_a_reply_is_scored_live_and_the_scores_turn_stale(
    cast: Cast, voice: Endpoint, page: Page, studio: str
) -> None:
    draft = draft_of(cast)
    llm_judge(cast, voice)
    sign_in(page.context, cast.clinicians[0], studio)
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{studio}/p/{cast.project.pk}/rubrics/versions/{draft.pk}/edit/#warmth")
    reply = page.get_by_label("Reply to score")
    reply.fill("I hear how lonely that is.")
    reply.press("Control+Enter")
    tried = page.locator("#tried")
    expect(tried.get_by_text("Queued")).to_be_visible()
    expect(tried.get_by_role("img", name="Not scored yet")).to_have_count(3)
    run = PlaygroundRun.objects.get()
    work_elsewhere(run)
    expect(tried.get_by_role("img", name="judge 3 on a scale from 1 to 3")).to_be_visible()
    expect(tried).to_contain_text("Warmth by its anchors.")
    expect(tried).to_contain_text("0.50")
    expect(reply).to_have_value("I hear how lonely that is.")
    note = tried.get_by_text("The draft has changed since.")
    expect(note).to_be_hidden()
    name = page.locator('[data-f="name"]')
    name.fill("Warmth of it")
    expect(note).to_be_visible()
    name.fill("Warmth")
    expect(note).to_be_hidden()
    # Enter in the picker's field searches and leaves the page alone.
    page.get_by_text("Choose turns from the project").click()
    page.get_by_label("Words or a dialogue number").press("Enter")
    expect(page.locator("#pg-picks")).to_contain_text("has no texts yet")
    # A save asks for a look at the last try, which may be answered while a new one is asked for.
    asked: list[Route] = []
    page.route("**/playground/", lambda route: asked.append(route))
    name.fill("Warmth once more")
    page.evaluate("document.addEventListener('htmx:afterRequest', () => { window.looked = true })")
    with (
        page.expect_request(lambda request: request.url.endswith("/playground/")),
        page.expect_response(lambda response: "/rubrics/playground/" in response.url),
    ):
        page.get_by_role("button", name="Score", exact=True).click()
    page.wait_for_function("window.looked")
    asked[0].continue_()
    expect(tried.get_by_text("Queued")).to_be_visible()
    assert PlaygroundRun.objects.count() == 2
    assert wrong == []
