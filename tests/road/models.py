"""The stations of models: judges, generation with a critic, difficulty, training, evaluation."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.road.walk import RUBRIC, Road, choose, fill, finished, press
from tests.support import starter
from tests.support.browser import follow
from tests.support.waiting import LONG_S

# The judge that learned before the adjudication, and the one that learned after it.
FIRST, SETTLED = "First judge", "Settled judge"
# The model that every station begins with.
STARTER = "Starter"
STEPS = 2
# Held out for the evaluation: people compare at least ten of the answers.
PROMPTS = 14


def add_model(road: Road) -> None:
    """A model from a folder of the server, which an administrator allowed, becomes an endpoint."""
    page = road.go("lead", "Training", "Models and checkpoints", "Add another model")
    follow(page.get_by_role("link", name="Folder on the server"))
    fill(page, {"Name": STARTER, "Folder": starter.FOLDER})
    press(page, "Add the model")
    press(page, "Serve it on this machine")
    expect(page.get_by_text(f"“{STARTER}” is an endpoint now.")).to_be_visible()


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
    finished(page, partly=True)
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


def measure(road: Road) -> None:
    """The starter replies three times to each prompt, and the first judge says PASS or FAIL. The
    prompts that turn out easy and those that turn out hard become sets."""
    page = road.go("lead", "Difficulty", "Start a difficulty run")
    choose(page, "Set", "steady")
    choose(page, "Model", STARTER)
    choose(page, "Judge", FIRST)
    for name, level in (("Warmth", "Warm"), ("Attention", "Close")):
        choose(page, name, level)
    fill(page, {"Prompts": 16, "Replies per prompt": 3, "Longest reply": 160, "Temperature": 0.9})
    press(page, "Start the run")
    finished(page)
    expect(page.get_by_text("16 of 16 prompts measured")).to_be_visible()
    for kind in ("easy", "hard"):
        press(page, f"Make a set of the {kind} prompts")
        expect(page.locator("h1")).to_contain_text(f"{kind} prompts")
        page = road.go("lead", "Difficulty", "Difficulty run 1")
    road.shoot(page, "7-difficulty")


def train(road: Road) -> None:
    """SFT on the easy prompts, then GRPO on the hard ones from its last checkpoint, as one plan.
    It ends with an evaluation by the judge that was no reward."""
    page = road.pages["lead"]
    follow(page.get_by_role("link", name="Train SFT on easy, GRPO on hard"))
    expect(page.get_by_role("radio", name=re.compile("^SFT, then GRPO"))).to_be_checked()
    choose(page, "Rubric version", RUBRIC)
    choose(page, "Judge", SETTLED)
    judges = page.get_by_role("group", name="Judges of the evaluation")
    for name, is_chosen in ((FIRST, True), (SETTLED, False)):
        judges.get_by_label(name).set_checked(is_chosen)
    fill(
        page,
        {
            "Training prompts": 16,
            "Held-out prompts": PROMPTS,
            "Longest reply": 160,
            "SFT steps": STEPS,
            "Replies per SFT step": 4,
            # So high that the models' answers differ after so few steps, on every processor.
            "SFT learning rate": 0.002,
            "SFT checkpoint every": STEPS,
            "SFT validation every": 1,
            "Steps": STEPS,
            "Prompts per step": 1,
            "Replies per prompt": 4,
            "Checkpoint every": STEPS,
        },
    )
    press(page, "Start the run")
    expect(page.get_by_text("This is the first run of a plan.")).to_be_visible()
    finished(page)
    expect(page.locator("#chart-loss")).to_contain_text("Training:")
    road.shoot(page, "8-training-sft")
    follow(page.get_by_role("link", name="GRPO run"))
    expect(page.get_by_text("This is the second run of a plan.")).to_be_visible()
    finished(page)
    expect(page.locator("#run-rollouts tbody tr").first).to_be_visible()
    evaluated(page.locator("#run-evaluation"))
    road.shoot(page, "8-training")


def evaluated(ending: Locator) -> None:
    """The evaluation at the end of a run goes by itself, and the run's page shows its results."""
    results = ending.get_by_role("heading", name=f"Results by {FIRST}")
    expect(results).to_be_visible(timeout=LONG_S * 1000)
    expect(ending.locator(".section-head .status").first).to_have_text("Finished")
    expect(ending).to_contain_text(f"answered the same {PROMPTS} held-out prompts")


def evaluate(road: Road) -> str:
    """Starter, SFT's checkpoint and GRPO's side by side. Returns the name of the trained model."""
    page = road.pages["lead"]
    follow(page.locator("#run-evaluation").get_by_role("link", name=re.compile("^Evaluation")))
    expect(page.get_by_text("This judge was the reward of one of these models.")).to_have_count(0)
    rows = page.locator("[aria-labelledby=e-table-1] tbody th")
    expect(rows).to_have_count(3)
    expect(rows.first).to_have_text(STARTER)
    trained = rows.last.inner_text()
    expect(page.get_by_role("heading", name=f"{trained} against {STARTER}")).to_be_visible()
    road.shoot(page, "9-evaluation")
    return trained


def serve(road: Road, trained: str) -> None:
    """The evaluation asked the last checkpoint through an endpoint, which stays."""
    page = road.go("lead", "Training", "Models and checkpoints")
    # Newest first.
    follow(page.locator("tbody th a").first)
    expect(page.locator("[aria-labelledby=h-serve] a").first).to_have_text(trained)
    road.shoot(page, "11-checkpoint")


def generate_again(road: Road, trained: str) -> int:
    """The next dialogues are the trained model's. Returns how many were finished."""
    page = begin_generation(road, dialogues=3)
    choose(page, "Supporter", trained)
    choose(page, "Seeker", STARTER)
    press(page, "Start the generation")
    finished(page, partly=True)
    expect(page.locator(".trace")).to_contain_text(trained)
    rows = page.locator("#run-finished tbody tr")
    expect(rows.first).to_be_visible()
    road.shoot(page, "12-next-generation")
    return rows.count()
