"""The main job from end to end in a browser, each station by the role that would do it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.road.conftest import ROOT, Studio
from tests.support.source_files import licensed, sample_of
from tests.support.waiting import LONG_S

SHOTS = ROOT / "var" / "screenshots"
DATA = ROOT / "tests" / "data"
PASSWORD = "a long enough password"

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(6 * LONG_S)]


class Road:
    """People in browsers of their own, and a picture at every station."""

    def __init__(self, browser: Browser, studio: Studio) -> None:
        self.browser, self.studio = browser, studio
        self.pages: dict[str, Page] = {}
        self.faults: list[str] = []
        SHOTS.mkdir(parents=True, exist_ok=True)

    def page(self, box: str) -> Page:
        """The page of somebody in the demo, signed in through the form."""
        if box not in self.pages:
            page = self.new_page()
            email, password = self.studio.sign_in_of(box)
            page.goto(self.studio.url)
            page.get_by_label("E-mail").fill(email)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/p/*/" if box != "admin" else "**/projects/")
            self.pages[box] = page
        return self.pages[box]

    def new_page(self) -> Page:
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    def go(self, box: str, place: str) -> Page:
        """Follow a link of the rail."""
        page = self.page(box)
        page.locator(".rail").get_by_role("link", name=place, exact=True).click()
        return page

    def shoot(self, page: Page, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture
def road(browser: Browser, studio: Studio) -> Road:
    return Road(browser, studio)


def finished(page: Page, seconds: float = 120) -> None:
    """The run of this page ends well, and the page says so without a reload."""
    expect(page.locator("h1 .status")).to_have_text(
        re.compile("Finished|Failed|Stopped"), timeout=seconds * 1000
    )
    expect(page.locator("h1 .status")).to_have_text("Finished")


def test_the_road(road: Road) -> None:
    accounts(road)
    import_file(road, DATA / "epitome-shape.jsonl", added=60, broken=4)
    rubric(road)
    rate(road, queue="Peer support", set_name="epitome-shape", rated=2)
    generate(road)
    judge(road)
    train(road)
    assert road.faults == []


def test_epitome_itself(road: Road, tmp_path: Path) -> None:
    """A sample of the licensed file, where there is one: imported, rated by people, judged by
    what it teaches. It comes after the synthetic one, in the same studio."""
    file = tmp_path / "epitome-sample.jsonl"
    file.write_bytes(sample_of(licensed("epitome.jsonl")))
    import_file(road, file, added=300, broken=0)
    rate(road, queue="EPITOME itself", set_name="epitome-sample", rated=4)
    fit_and_judge(road, name="EPITOME judge", set_name="epitome-sample", texts=100)
    assert road.faults == []


def accounts(road: Road) -> None:
    page = road.page("admin")
    road.shoot(page, "1-administrator")
    page = road.page("lead")
    road.shoot(page, "1-lead-home")
    page = road.go("lead", "Project")
    page.get_by_role("link", name="Members").click()
    page.get_by_label("E-mail").fill("mira@example.org")
    page.locator("form.form").get_by_label("Annotator").check()
    page.get_by_role("button", name="Create the invitation").click()
    link = page.locator("#once").inner_text()
    road.shoot(page, "1-invitation")
    invited = road.new_page()
    invited.goto(link)
    invited.get_by_label("Name").fill("Mira Okafor")
    invited.get_by_label("Password", exact=True).fill(PASSWORD)
    invited.get_by_role("button", name="Create the account").click()
    expect(invited.locator(".rail")).to_contain_text("Mira Okafor")
    expect(invited.locator(".rail")).not_to_contain_text("Training")
    road.shoot(invited, "1-annotator-home")
    again = road.new_page()
    again.goto(link)
    expect(again.get_by_role("button", name="Create the account")).to_have_count(0)


def import_file(road: Road, file: Path, *, added: int, broken: int) -> None:
    page = upload(road, file)
    finished(page, 300)
    expect(page.locator(".lede")).to_contain_text(f"{added:,} dialogues were added.")
    if broken:
        expect(page.locator(".lede")).to_contain_text(f"{broken} could not be read.")
        expect(page.locator("tbody tr")).to_have_count(broken)
    road.shoot(page, f"2-import-{file.stem}")
    page = upload(road, file)
    finished(page, 300)
    expect(page.locator(".lede")).to_contain_text("Nothing was added.")
    expect(page.locator(".lede")).to_contain_text(f"{added:,} were already here.")


def upload(road: Road, file: Path) -> Page:
    page = road.go("lead", "Data")
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Import the file").click()
    page.wait_for_url("**/imports/*-*/")
    return page


def rubric(road: Road) -> None:
    page = road.go("clinician", "Rubrics")
    page.get_by_role("link", name="New rubric").first.click()
    page.get_by_label("Name").fill("Steady presence")
    page.get_by_role("button", name="Start writing").click()
    # The editor has counted the criteria when its script is at work.
    expect(page.locator("[data-count]")).to_have_text("0")
    for name, gate in (("Warmth", ""), ("Honesty", "2")):
        page.get_by_role("button", name="Add a criterion").click()
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("What the rater decides").fill(f"Does the reply show {name.lower()}?")
        for value, (label, anchor) in enumerate(
            [("No", "Nothing of it."), ("Some", "A trace of it."), ("Clear", "Plain to see.")], 1
        ):
            page.get_by_label(f"Name of level {value}").fill(label)
            page.get_by_label(f"Anchor of level {value}").fill(anchor)
        if gate:
            page.get_by_label("Gate below level").select_option(gate)
    expect(page.locator("[data-saved][data-state=saved]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-criteria] a")).to_have_count(2)
    road.shoot(page, "3-rubric-draft")
    page.get_by_role("button", name="Send for review").click()
    page.wait_for_load_state()
    reviewer = road.go("clinician2", "Rubrics")
    reviewer.get_by_role("link", name="Steady presence").click()
    reviewer.get_by_role("link", name=re.compile("version 1", re.IGNORECASE)).first.click()
    reviewer.get_by_role("button", name=re.compile("Approve")).click()
    page.reload()
    page.get_by_role("button", name="Publish version 1").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    road.shoot(page, "3-rubric-published")


def rate(road: Road, *, queue: str, set_name: str, rated: int) -> None:
    page = road.go("lead", "Queues")
    page.get_by_role("link", name="New queue").first.click()
    page.get_by_label("Name").fill(queue)
    page.get_by_label("What is rated").select_option(label=option(page, set_name))
    page.get_by_label("Rubric", exact=True).select_option(label=option(page, "EPITOME", "version"))
    for name in ("Amara Deluse", "Jonas Lindqvist"):
        page.get_by_label(name).check()
    page.get_by_label("Maximum number of items").fill("2")
    page.get_by_role("button", name="Create the queue").click()
    expect(page.get_by_role("heading", name=queue)).to_be_visible()
    for box, levels in (("annotator", "210"), ("annotator2", "211")):
        desk = road.go(box, "Desk")
        row = desk.locator("li", has_text=queue)
        row.get_by_role("button", name="Start").click()
        for item in range(2):
            expect(desk.locator("[data-rated]")).to_have_text("0")
            # Keys count from when the page's script is at work.
            desk.wait_for_load_state()
            for level in levels:
                desk.keyboard.press(level)
            expect(desk.locator("[data-rated]")).to_have_text("3")
            if item == 0:
                road.shoot(desk, f"4-desk-{box}-{rated}")
            held = desk.locator("[data-assignment]").get_attribute("data-assignment")
            desk.keyboard.press("Enter")
            expect(desk.locator(f"[data-assignment='{held}']")).to_have_count(0)
    page = road.go("lead", "Agreement")
    page.get_by_label("Rubric version").select_option(label=option(page, "EPITOME", "version"))
    expect(page.locator("tbody tr", has_text="Explorations").first).to_contain_text(str(rated))
    road.shoot(page, f"4-agreement-{rated}")


def option(page: Page, text: str, name: str = "source") -> str:
    """The whole label of the first choice of a field that has `text` in it."""
    found = page.locator(f"select[name={name}] option", has_text=text).first
    return found.inner_text().strip()


def generate(road: Road) -> None:
    page = road.go("lead", "Generation")
    page.get_by_role("link", name="Generate dialogues").first.click()
    page.get_by_label("Dialogues").fill("3")
    page.get_by_label("Exchanges").fill("2")
    page.get_by_role("button", name="Start the generation").click()
    expect(page.get_by_text("Being written now")).to_be_visible()
    finished(page, 240)
    expect(page.locator("table", has_text="Dialogue").last.locator("tbody tr")).to_have_count(3)
    road.shoot(page, "5-generation")
    page.get_by_role("link", name="View the dialogues").click()
    page.locator("tbody a").first.click()
    expect(page.locator(".turn[data-role=supporter]")).to_have_count(2)
    road.shoot(page, "5-dialogue")


def judge(road: Road) -> None:
    fit_and_judge(road, name="Peer judge", set_name="epitome-shape", texts=40)


def fit_and_judge(road: Road, *, name: str, set_name: str, texts: int) -> None:
    page = road.go("lead", "Judging")
    page.get_by_role("link", name="Fit a judge").first.click()
    page.get_by_label("Rubric version").select_option(label=option(page, "EPITOME", "version"))
    page.get_by_label("Name of the judge").fill(name)
    page.get_by_role("button", name="Fit the judge").click()
    finished(page, 180)
    road.shoot(page, f"6-fit-{texts}")
    page.get_by_role("link", name="Start a judge run").click()
    page.get_by_label("Set", exact=True).select_option(label=option(page, set_name, "collection"))
    page.get_by_label("Maximum number of texts").fill(str(texts))
    page.get_by_label("Rubric version").select_option(label=option(page, "EPITOME", "version"))
    page.get_by_label("Judge", exact=True).select_option(label=option(page, name, "judge"))
    page.get_by_role("button", name="Start judging").click()
    finished(page, 180)
    expect(page.locator(".progress").first).to_contain_text(f"of {texts} texts")
    expect(page.locator("figure", has_text="Explorations")).to_contain_text(f"n {texts}")
    road.shoot(page, f"6-judge-run-{texts}")


def train(road: Road) -> None:
    page = start_training(road, plan="SFT, then GRPO", steps=4)
    expect(page.get_by_text("This is the first run of a plan.")).to_be_visible()
    finished(page, 420)
    expect(page.locator("#chart-loss")).to_contain_text("Training:")
    road.shoot(page, "7-training-sft")
    page.get_by_role("link", name="GRPO run").click()
    expect(page.get_by_text("This is the second run of a plan.")).to_be_visible()
    finished(page, 420)
    expect(page.get_by_role("heading", name="Evaluation", exact=True)).to_be_visible()
    expect(page.locator("#run-rollouts tbody tr").first).to_be_visible()
    road.shoot(page, "7-training")
    page = road.go("lead", "Training")
    page.get_by_role("link", name="Models and checkpoints").click()
    expect(page.locator("table", has_text="Endpoint").last).to_contain_text("step 4")
    page = start_training(road, plan="GRPO", steps=500)
    expect(page.locator("h1 .status")).to_have_text("Training", timeout=60_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("h1 .status")).to_have_text("Stopped", timeout=180_000)
    road.shoot(page, "7-training-stopped")


def start_training(road: Road, *, plan: str, steps: int) -> Page:
    page = road.go("lead", "Training")
    page.get_by_role("link", name="Start a training run").first.click()
    page.get_by_role("radio", name=re.compile(f"^{plan}")).check()
    page.get_by_label("Set", exact=True).select_option(label="Demo dialogues")
    page.get_by_label("Rubric version").select_option(
        label=option(page, "Empathic support", "version")
    )
    page.get_by_label("Judge", exact=True).select_option(label=option(page, "Learned", "judge"))
    page.get_by_label("Training prompts").fill(str(16))
    page.get_by_label("Held-out prompts").fill(str(8))
    page.get_by_label("Steps", exact=True).fill(str(steps))
    page.get_by_label("Prompts per step").fill(str(2))
    page.get_by_label("Replies per prompt").fill(str(4))
    page.get_by_label("Checkpoint every", exact=True).fill(str(2))
    if "SFT" in plan:
        page.get_by_label("SFT steps").fill(str(2))
        page.get_by_label("Replies per SFT step").fill(str(4))
        page.get_by_label("SFT validation every").fill(str(1))
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/training/*-*/", timeout=120_000)
    return page
