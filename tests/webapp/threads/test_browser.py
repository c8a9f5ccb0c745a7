"""Comments in a real browser: by keyboard, live for others, and nothing typed is lost."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from rubrics.versions.services import version_send_for_review
from rubrics.writing.services import rubric_create
from tests.conftest import Cast
from tests.support.browser import sign_in
from tests.support.rubric_texts import criterion, rubric_text
from webapp.accounts.services import members
from webapp.threads.models import Comment
from webapp.threads.services import thread_open

pytestmark = pytest.mark.browser


def test_two_people_talk_about_a_level(
    cast: Cast, page: Page, new_context: CreateContextCallback, studio: str
) -> None:
    clara, carl = cast.clinicians
    version = rubric_create(
        project=cast.project, actor=clara, name="W", content=rubric_text(criterion("warmth"))
    ).versions.get()
    version_send_for_review(version=version, actor=clara)
    address = studio + reverse("rubric_version", args=[cast.project.pk, version.pk])
    sign_in(page.context, clara, studio)
    other = new_context().new_page()
    sign_in(other.context, carl, studio)
    page.goto(address)
    other.goto(address)

    # C comments on the place under the pointer.
    page.locator('[data-thread="level:warmth:2"]').hover()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Warmth, level 2")).to_be_visible()
    expect(page.locator("#thread-new")).to_be_focused()
    page.keyboard.type("<b>Too</b> close to 3?")
    page.get_by_role("button", name="Comment", exact=True).last.click()
    expect(page.locator("#threads .said")).to_have_text("<b>Too</b> close to 3?")

    # The other one sees it without asking, and what is typed survives what arrives.
    button = other.locator('[data-thread="level:warmth:2"] .threads-button')
    expect(button).to_have_text("Comments 1")
    expect(other.locator("[data-threads-total]")).to_have_text("1 open comment")
    button.click()
    other.get_by_placeholder("Reply").fill("Half a thou")
    page.get_by_placeholder("Reply").fill("Or is it 1?")
    page.get_by_role("button", name="Reply", exact=True).click()
    expect(other.locator("#threads .said")).to_have_count(2)
    expect(other.get_by_placeholder("Reply")).to_have_value("Half a thou")
    other.get_by_role("button", name="Resolve").click()
    # Both pages have to be up to date: the other one gets no more news after the removal.
    for each in (page, other):
        expect(each.locator("[data-threads-total]")).to_be_hidden()
    assert Comment.objects.count() == 2

    # Whoever leaves the project hears no more.
    members.remove_member(actor=cast.leads[0], project=cast.project, user=carl)
    page.locator("#threads summary", has_text="resolved").click()
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator("[data-threads-total]")).to_have_text("1 open comment")
    expect(other.locator("[data-threads-total]")).to_be_hidden()


def test_an_open_comment_leads_to_its_level_in_the_editor(
    cast: Cast, page: Page, studio: str
) -> None:
    clara = cast.clinicians[0]
    version = rubric_create(
        project=cast.project,
        actor=clara,
        name="W",
        content=rubric_text(criterion("warmth"), criterion("calm")),
    ).versions.get()
    thread_open(
        member=cast.member(clara),
        kind="rubric",
        object_id=version.rubric_id,
        anchor="level:calm:3",
        text="Too high?",
    )
    sign_in(page.context, clara, studio)
    page.goto(studio + reverse("rubric_edit", args=[cast.project.pk, version.pk]))
    expect(page.get_by_label("Name", exact=True)).to_have_value("Warmth")
    expect(page.locator("[data-criteria] a", has_text="Calm")).to_contain_text("1 comment")
    page.get_by_role("button", name="1 open comment").click()
    page.locator("#threads").get_by_role("button", name="Calm, level 3").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Calm")
    level = page.locator('[data-thread="level:calm:3"]')
    expect(level).to_be_focused()
    expect(level).to_be_in_viewport()
    expect(page.locator("#threads .said")).to_have_text("Too high?")
