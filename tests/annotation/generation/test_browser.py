"""A generation with a critic in Chromium: chosen in the form, followed live."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.urls import reverse
from playwright.sync_api import Page, expect

from annotation.generation import work as generation
from annotation.models import GenerationRun
from tests.access.test_every_page import serious, sideways
from tests.conftest import Cast
from tests.support.browser import follow, sign_in
from tests.support.dialogues import published
from tests.support.generation import corpus, served
from tests.support.judge_runs import llm_judge
from tests.support.refinement import RUBRIC, script

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def work_elsewhere(run: GenerationRun) -> None:
    """The worker's part, away from Playwright's event loop, which runs in this thread."""

    def work_and_close() -> None:
        try:
            generation.work(str(run.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work_and_close).result()


def test_a_critic_is_chosen_by_keyboard_and_its_verdicts_come_live(
    cast: Cast, page: Page, studio: str
) -> None:
    corpus(cast)
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    with served(cast, script()) as voice:
        llm_judge(cast, voice, mode="all_in_one")
        published(cast.project, RUBRIC)
        sign_in(page.context, cast.leads[0], studio)
        page.goto(studio + reverse("generation_new", args=[cast.project.pk]))
        page.get_by_label("Dialogues").fill("2")
        page.get_by_label("Exchanges").fill("1")
        page.get_by_label("Situations").fill("A letter came.")
        choice = page.get_by_label("Rubric version")
        choice.focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_label("Warmth")).to_have_value("3")
        # Nothing typed is lost, and the keyboard stays where it was.
        expect(choice).to_be_focused()
        expect(page.get_by_label("Dialogues")).to_have_value("2")
        page.get_by_label("Warmth").select_option("at least 4 (L4)")
        wrong += [*serious(Axe(), page)]
        follow(page.get_by_role("button", name="Start the generation"))
        run = GenerationRun.objects.get()
        assert run.critic.thresholds == {"format": 1, "warmth": 4, "persona": 3}
        expect(page.get_by_text("The first verdict appears here")).to_be_visible()
        work_elsewhere(run)
    row = page.get_by_role("region", name="Verdicts").get_by_role("row", name="PASS")
    expect(row).to_contain_text("50.0 %")
    expect(page.get_by_text("Accepted replies score 0.25 higher")).to_be_visible()
    dialogue = run.items.get(position=0).dialogue
    assert dialogue is not None
    wrong += [*serious(Axe(), page), *sideways(page)]
    page.goto(studio + reverse("dialogue", args=[cast.project.pk, dialogue.pk]))
    page.get_by_text("How the critic judged 2 attempts").click()
    expect(page.get_by_text("Say more than attempt 1.")).to_be_visible()
    wrong += [*serious(Axe(), page), *sideways(page)]
    assert wrong == []
