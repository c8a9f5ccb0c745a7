"""The form of a training run in a browser: a preset by keyboard."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.support.browser import sign_in
from tests.training.runs.worlds import World
from training.models import Checkpoint, TrainingRun

pytestmark = pytest.mark.browser


def test_a_quick_look_is_one_key_away(ready: World, studio: str, page: Page) -> None:
    Checkpoint.objects.filter(pk=ready.base.pk).update(origin="package", source="small 1")
    sign_in(page.context, ready.lead, studio)
    page.goto(studio + reverse("training_new", args=[ready.project.pk]))
    field = {
        name: page.locator(f"[name={name}]")
        for name in (
            "steps", "prompts_per_step", "prompts", "held_out_prompts", "micro_batch", "tuning",
        )
    }  # fmt: skip
    page.locator("[name=plan][value=sft_grpo]").check()
    field["micro_batch"].fill("3")
    page.get_by_role("button", name="A quick look: 8 steps").press("Enter")
    expect(page.locator("[name=plan][value=grpo]")).to_be_checked()
    for name, value in zip(field, ("8", "2", "16", "8", "", "lora"), strict=True):
        expect(field[name]).to_have_value(value)
    expect(page.locator("#expected")).to_contain_text("takes about 5 min.")
    page.get_by_role("button", name="Start the run").press("Enter")
    expect(page.get_by_role("heading", name="GRPO run 1")).to_be_visible()
    run = TrainingRun.objects.get()
    assert (run.steps_total, "lora" in run.settings) == (8, True)
