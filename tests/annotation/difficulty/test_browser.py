"""A difficulty run in Chromium: started in the form, followed live, made into two sets."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Page, expect

from annotation.difficulty import work as difficulty
from annotation.models import DifficultyRun
from tests.access.test_every_page import serious, sideways
from tests.conftest import Cast
from tests.support.browser import follow, sign_in
from tests.support.difficulty import everything, mixed
from tests.support.evaluations import model, rated_corpus

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def elsewhere(work: Callable[[], object]) -> None:
    """What a worker does, away from Playwright's event loop, which runs in this thread."""

    def work_and_close() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work_and_close).result()


def test_a_run_comes_live_and_ends_in_a_training_form(cast: Cast, page: Page, studio: str) -> None:
    elsewhere(lambda: rated_corpus(cast))
    everything(cast)
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    with model(cast, "Mixed", mixed):
        sign_in(page.context, cast.leads[0], studio)
        page.goto(studio + reverse("difficulty_new", args=[cast.project.pk]))
        page.get_by_label("Replies per prompt").fill("4")
        page.get_by_label("Warmth").select_option("2")
        wrong += [*serious(Axe(), page), *sideways(page)]
        follow(page.get_by_role("button", name="Start the run"))
        run = DifficultyRun.objects.get()
        expect(page.get_by_text("The model replies first")).to_be_visible()
        elsewhere(lambda: difficulty.work(str(run.pk)))
    expect(page.get_by_text("24 of 24 prompts measured")).to_be_visible()
    expect(page.get_by_text("Share of hard prompts")).to_be_visible()
    page.get_by_text("The numbers as a table").click()
    row = page.get_by_role("region", name="Prompts by pFAIL").get_by_role("row").last
    expect(row).to_contain_text("1.00")
    wrong += [*serious(Axe(), page), *sideways(page)]
    here = page.url
    for name in ("easy", "hard"):
        follow(page.get_by_role("button", name=f"Make a set of the {name} prompts"))
        expect(page.get_by_text(f"Supporter turns that were {name} in {run}")).to_be_visible()
        page.goto(here)
    follow(page.get_by_role("link", name="All prompts with their pFAIL"))
    wrong += [*serious(Axe(), page), *sideways(page)]
    follow(page.get_by_role("row").nth(1).get_by_role("link"))
    expect(page.get_by_role("heading", name="Reply 4")).to_be_visible()
    wrong += [*serious(Axe(), page), *sideways(page)]
    page.goto(here)
    follow(page.get_by_role("link", name="Train SFT on easy, GRPO on hard"))
    expect(page.get_by_label("SFT, then GRPO")).to_be_checked()
    expect(page.get_by_label("Another set for GRPO")).to_contain_text("hard prompts")
    assert wrong == []
