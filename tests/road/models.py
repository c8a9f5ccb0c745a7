"""The stations of models: judges, generation with a critic, training, evaluation, what goes on."""

import re

from playwright.sync_api import Page, expect

from tests.road.walk import RUBRIC, Road, choose, fill, finished, press
from tests.support.browser import follow

# The judge that learned before the adjudication, and the one that learned after it.
FIRST, SETTLED = "First judge", "Settled judge"
STARTER = "Starter model on this machine"
STEPS = 2


def fit(road: Road, name: str) -> None:
    """A judge learns from the people's ratings; what was settled stands for what they gave."""
    page = road.go("lead", "Judging", "Fit a judge")
    choose(page, "Rubric version", RUBRIC)
    fill(page, {"Name of the judge": name})
    press(page, "Fit the judge")
    finished(page)
    expect(page.locator(".lede")).to_contain_text(name)


def judge_rated(road: Road) -> None:
    """The first judge scores all that people could rate: the agreement page compares them."""
    page = road.pages["lead"]
    follow(page.get_by_role("link", name="Start a judge run"))
    choose(page, "Set", "To rate")
    choose(page, "Judge", FIRST)
    press(page, "Start judging")
    finished(page)
    road.shoot(page, "4-judge-run")


def generate_with_critic(road: Road) -> None:
    """The settled judge is the critic: a reply passes when it is warm."""
    page = begin_generation(road, dialogues=4)
    choose(page, "Rubric version", RUBRIC)
    # The page fetches the critic's fields for this version.
    choose(page, "Judge", SETTLED)
    fill(page, {"Maximum revisions per reply": 2, "Lowest total for SOLVED": ""})
    choose(page, "Warmth", "Warm")
    press(page, "Start the generation")
    finished(page)
    road.shoot(page, "6-generation")
    page = revised_dialogue(road, page)
    road.shoot(page, "6-dialogue")


def begin_generation(road: Road, *, dialogues: int) -> Page:
    """The form of a generation. It offers emotions that the project has situations for."""
    page = road.go("lead", "Generation", "Generate dialogues")
    fill(page, {"Dialogues": dialogues, "Exchanges": 2})
    return page


def revised_dialogue(road: Road, page: Page) -> Page:
    """The page of a dialogue whose critic sent a reply back, with its attempts open."""
    tables = [page.locator(f"{part} tbody th a") for part in ("#run-finished", "#run-dropped")]
    links = [link.get_attribute("href") for table in tables for link in table.all()]
    for link in links:
        page.goto(f"{road.studio.url}{link}")
        second = page.locator(".attempt", has_text="Attempt 2")
        if second.count():
            for folded in page.locator("details.attempts", has=second).all():
                folded.locator("summary").first.click()
            expect(second.first).to_be_visible()
            return page
    raise AssertionError("the critic sent nothing back")


def train(road: Road) -> None:
    """SFT, then GRPO from its last checkpoint, as one plan."""
    page = road.go("lead", "Training", "Start a training run")
    page.get_by_role("radio", name=re.compile("^SFT, then GRPO")).check()
    choose(page, "Set", "steady")
    choose(page, "Rubric version", RUBRIC)
    choose(page, "Judge", SETTLED)
    fill(
        page,
        {
            "Training prompts": 16,
            "Held-out prompts": 6,
            "SFT steps": STEPS,
            "Replies per SFT step": 4,
            "SFT checkpoint every": STEPS,
            "SFT validation every": 1,
            "Steps": STEPS,
            "Prompts per step": 2,
            "Replies per prompt": 4,
            "Checkpoint every": STEPS,
        },
    )
    press(page, "Start the run")
    expect(page.get_by_text("This is the first run of a plan.")).to_be_visible()
    finished(page)
    expect(page.locator("#chart-loss")).to_contain_text("Training:")
    road.shoot(page, "7-training-sft")
    follow(page.get_by_role("link", name="GRPO run"))
    expect(page.get_by_text("This is the second run of a plan.")).to_be_visible()
    finished(page)
    expect(page.get_by_role("heading", name="Before and after")).to_be_visible()
    expect(page.locator("#run-rollouts tbody tr").first).to_be_visible()
    road.shoot(page, "7-training")


def serve(road: Road) -> str:
    """The last checkpoint becomes an endpoint. Returns its name."""
    page = road.go("lead", "Training", "Models and checkpoints")
    # Newest first.
    follow(page.locator("tbody th a").first)
    press(page, "Serve it on this machine")
    road.shoot(page, "8-checkpoint")
    return page.locator("[aria-labelledby=h-serve] a").first.inner_text()


def evaluate(road: Road, trained: str) -> None:
    """Starter, trained model and corpus answer; the judge that was no reward rates them, too."""
    page = road.go("lead", "Evaluation", "Start an evaluation")
    choose(page, "Set", "steady")
    choose(page, "Rubric version", RUBRIC)
    for box in (STARTER, trained, FIRST, SETTLED):
        page.get_by_label(box).check()
    fill(page, {"Prompts": 12, "Longest answer": 200})
    press(page, "Start the evaluation")
    finished(page)
    tables = page.locator("h2", has_text="Results by")
    expect(tables).to_have_text([re.compile(FIRST), re.compile(SETTLED)])
    expect(page.get_by_text("This judge was the reward of one of these models.")).to_have_count(1)
    choose(page, "Compare with", STARTER)
    press(page, "Show")
    expect(page.get_by_role("heading", name=f"{trained} against {STARTER}")).to_have_count(2)
    road.shoot(page, "9-evaluation")


def generate_again(road: Road, trained: str) -> None:
    """The next dialogues are the trained model's."""
    page = begin_generation(road, dialogues=3)
    choose(page, "Supporter", trained)
    choose(page, "Seeker", STARTER)
    press(page, "Start the generation")
    finished(page)
    expect(page.locator(".trace")).to_contain_text(trained)
    expect(page.locator("#run-finished tbody tr")).to_have_count(3)
    road.shoot(page, "10-next-generation")
