"""The stations of people: a project, its data, a rubric, ratings, what raters differ on."""

import re

from playwright.sync_api import Page, expect

from tests.road.walk import PROJECT, RUBRIC, Road, choose, fill, finished, press
from tests.support.browser import follow, wait_in

PASSWORD = "a long enough password"
QUEUE = "First ratings"
# Two people rate each: a judge needs twenty ratings.
ITEMS = 12
# What the rubric asks: name, question, its levels with their anchors, and the gate.
CRITERIA = (
    (
        "Warmth",
        "Does the reply meet the feeling?",
        (
            ("Cold", "It brushes the feeling off, or is unkind."),
            ("Polite", "It is kind and does not name the feeling."),
            ("Warm", "It names the feeling and stays with it."),
        ),
        "",
    ),
    (
        "Attention",
        "Does the reply take up what was said?",
        (
            ("Elsewhere", "It has nothing of what the person said."),
            ("In part", "It takes up a detail and leaves the rest."),
            ("Close", "It says what happened in its own words."),
        ),
        "2",
    ),
)


def begin_project(road: Road) -> None:
    """A lead begins a project."""
    page = road.sign_in("lead")
    follow(page.locator(".rail-project"))
    follow(page.get_by_role("link", name="New project"))
    fill(page, {"Name": PROJECT, "What it is about": "Do our replies meet the person?"})
    press(page, "Create the project")
    expect(page.get_by_text("You are its lead.")).to_be_visible()
    road.shoot(page, "1-new-project")


def invite_people(road: Road) -> None:
    """A clinician and a rater have accounts; another rater makes one by the invitation."""
    for box, role in (("clinician", "Clinician"), ("annotator", "Annotator")):
        page = road.sign_in(box)
        page.goto(invitation(road, road.studio.sign_in_of(box)[0], role))
        press(page, "Join the project")
        expect(page.locator(".rail-project")).to_have_text(PROJECT)
    page = road.pages["mira"] = road.new_page()
    page.goto(invitation(road, "mira@example.org", "Annotator"))
    fill(page, {"Your name": "Mira Okafor", "Password": PASSWORD})
    press(page, "Create the account")
    expect(page.locator(".rail")).not_to_contain_text("Training")
    members = road.go("lead", "Project", "Members")
    expect(members.locator("#h-members + p")).to_have_text("4 people")
    road.shoot(members, "1-members")


def invitation(road: Road, email: str, role: str) -> str:
    """The link for somebody, as the lead copies it."""
    page = road.go("lead", "Project", "Members")
    fill(page, {"E-mail address": email})
    page.locator("form.form").get_by_label(role).check()
    press(page, "Create the invitation")
    return page.locator("#once").inner_text()


def import_file(road: Road) -> None:
    page = road.go("lead", "Data", "Import a file")
    page.get_by_label("File", exact=True).set_input_files(road.corpus.file)
    press(page, "Import the file")
    finished(page, partly=True)
    expect(page.locator(".lede")).to_contain_text(f"{road.corpus.dialogues} dialogues were added.")
    expect(page.locator(".lede")).to_contain_text("2 records could not be read.")
    road.shoot(page, "2-import")


def write_rubric(road: Road) -> None:
    page = road.go("clinician", "Rubrics", "New rubric")
    fill(page, {"Name": RUBRIC})
    press(page, "Start writing")
    # The editor has counted the criteria when its script is at work.
    expect(page.locator("[data-count]")).to_have_text("0")
    for name, question, levels, gate in CRITERIA:
        page.get_by_role("button", name="Add a criterion").click()
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("What the rater decides").fill(question)
        for value, (label, anchor) in enumerate(levels, 1):
            page.get_by_label(f"Name of level {value}").fill(label)
            page.get_by_label(f"Anchor of level {value}").fill(anchor)
        if gate:
            page.get_by_label("Gate below level").select_option(gate)
    expect(page.locator("[data-saved][data-state=saved]")).to_be_visible()
    road.shoot(page, "3-rubric-draft")
    press(page, "Send for review")


def publish_rubric(road: Road) -> None:
    """Somebody else reads the text before its author publishes it."""
    page = road.go("lead", "Rubrics", RUBRIC)
    follow(page.get_by_role("link", name=re.compile("version 1", re.IGNORECASE)).first)
    press(page, "Approve version 1")
    page = road.pages["clinician"]
    page.reload()
    page.get_by_role("button", name="Publish version 1").first.click()
    follow(page.get_by_role("dialog").get_by_role("button", name="Publish version 1"))
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    road.shoot(page, "3-rubric-published")


def queue_for_two(road: Road) -> None:
    """A set of the train split, since no judge learns from the test split, and a queue of it."""
    page = road.go("lead", "Data", "Sets", "New set")
    fill(page, {"Name": "To rate"})
    choose(page, "Split", "Train")
    press(page, "Create the set")
    page = road.go("lead", "Queues", "New queue")
    fill(page, {"Name": QUEUE, "Maximum number of items": ITEMS})
    choose(page, "What is rated", "To rate")
    choose(page, "Rubric", RUBRIC)
    for name in ("Amara Deluse", "Mira Okafor"):
        page.get_by_label(name).check()
    page.get_by_text("In random order").click()
    press(page, "Create the queue")
    expect(page.get_by_role("heading", name=QUEUE)).to_be_visible()


def rate(road: Road) -> None:
    """Two people rate the same items at their desks. On two items one of them is far off."""
    differ: list[str] = []
    for box, warmth in (("annotator", 3), ("mira", 1)):
        page = road.go(box, "Desk")
        follow(page.locator("li", has_text=QUEUE).get_by_role("button", name="Start"))
        for number in range(ITEMS):
            title = page.locator("[data-desk][data-ready] .bar b").inner_text()
            read, attention = road.corpus.levels(reply_on(page))
            if box == "annotator" and len(differ) < 2 and read != 2:
                differ.append(title)
            page.keyboard.press(str(warmth if title in differ else read))
            page.keyboard.press(str(attention))
            expect(page.locator("[data-rated]")).to_have_text("2")
            if number == 2:
                expect(page.locator("[data-saved]")).to_have_text("Draft saved")
                road.shoot(page, f"4-desk-{box}")
            submit_item(page)
        expect(page.locator("h1")).to_contain_text(f"have finished {QUEUE}")


def reply_on(page: Page) -> str:
    """The reply to rate, or to settle."""
    return page.locator(".turn[aria-current=true] .turn-say > p").inner_text()


def submit_item(page: Page) -> None:
    held = page.locator("[data-assignment]").get_attribute("data-assignment")
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-assignment='{held}']")).to_have_count(0)


def agree(road: Road) -> None:
    page = road.go("lead", "Agreement")
    expect(page.locator("tbody tr", has_text="Warmth").first).to_contain_text(str(ITEMS))
    road.shoot(page, "4-agreement")


def adjudicate(road: Road) -> None:
    """A clinician who rated nothing settles both items, each at the level of the rater who read it
    well. They are there when nobody can undo the ratings."""
    page = road.go("clinician", "Adjudication")

    def are_there() -> bool:
        page.reload()
        return page.get_by_text("of 2 settled").is_visible()

    wait_in(page, are_there, "the items that the raters differ on")
    press(page, "Start")
    for cause in ("Hard case", "Rater error"):
        settle(road, page, cause)
    expect(page.locator("h1")).to_have_text("Everything is settled")


def settle(road: Road, page: Page, cause: str) -> None:
    held = page.locator("[data-desk][data-ready]").get_attribute("data-assignment")
    warmth, _ = road.corpus.levels(reply_on(page))
    page.keyboard.press(str(warmth))
    expect(page.locator("select:focus")).to_be_visible()
    page.keyboard.type(cause)
    expect(page.locator("[data-rated]")).to_have_text("2")
    if cause == "Hard case":
        expect(page.locator("[data-saved]")).to_have_text("Draft saved")
        road.shoot(page, "5-adjudication")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"[data-assignment='{held}']")).to_have_count(0)
