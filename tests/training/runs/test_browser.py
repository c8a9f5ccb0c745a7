"""The form of a training run in a browser: its presets."""

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import sign_in
from tests.training.runs.worlds import World
from training.models import Checkpoint, TrainingRun

pytestmark = pytest.mark.browser


@pytest.fixture
def form(ready: World, studio: str, page: Page) -> Page:
    """The form of a project with the small language model and a newer one, which comes first."""
    Checkpoint.objects.filter(pk=ready.base.pk).update(origin="package", source="small 1")
    Checkpoint.objects.create(
        project=ready.project, number=9, name="Newer", origin="path", path="x", sha256="ab" * 32
    )
    sign_in(page.context, ready.lead, studio)
    page.goto(studio + reverse("training_new", args=[ready.project.pk]))
    return page


def field(form: Page, name: str) -> Locator:
    return form.locator(f"[name={name}]")


def test_a_quick_look_is_one_key_away(ready: World, form: Page) -> None:
    form.locator("[name=plan][value=sft_grpo]").check()
    for name, value in (("micro_batch", "3"), ("seed", "9"), ("part_format", "4")):
        field(form, name).fill(value)
    expect(field(form, "base")).not_to_have_value(str(ready.base.pk))
    form.get_by_role("button", name="A quick look: 8 steps").press("Enter")
    expect(form.locator("[name=plan][value=grpo]")).to_be_checked()
    for name, value in {
        "base": str(ready.base.pk),
        "steps": "8",
        "prompts_per_step": "2",
        "prompts": "16",
        "held_out_prompts": "8",
        "micro_batch": "",
        "tuning": "lora",
        "seed": "0",
        "part_format": "1",
    }.items():
        expect(field(form, name)).to_have_value(value)
    said = form.locator(".quick [role=status]")
    expect(said).to_have_text("Filled in. Check the form, then start.")
    expect(form.locator("#expected")).to_contain_text("with LoRA takes about 5 min.")
    field(form, "tuning").select_option("full")
    expect(form.locator("#expected")).to_contain_text("There is no time estimate")
    field(form, "tuning").select_option("lora")
    form.get_by_role("button", name="Start the run").press("Enter")
    expect(form.get_by_role("heading", name="GRPO run 1")).to_be_visible()
    run = TrainingRun.objects.get()
    assert (run.base, run.steps_total, "lora" in run.settings) == (ready.base, 8, True)


def test_the_papers_preset_means_the_same_after_a_quick_look(form: Page) -> None:
    form.locator("[name=plan][value=sft_grpo]").check()
    field(form, "prompts").fill("200")
    form.get_by_role("button", name="A quick look: 8 steps").click()
    field(form, "held_out_prompts").fill("50")
    form.get_by_role("button", name="As in the paper").click()
    expect(form.locator("[name=plan][value=sft_grpo]")).to_be_checked()
    # Two passes over 200 prompts, 4 a step. What was typed after the quick look stays.
    for name, value in {
        "tuning": "full", "prompts": "200", "held_out_prompts": "50", "steps": "100",
    }.items():  # fmt: skip
        expect(field(form, name)).to_have_value(value)
    expect(form.locator(".quick [role=status]")).to_have_text("")
