"""The form that starts a training run."""

import pytest
from django.test import Client

from tests.conftest import Cast
from tests.support import starter
from tests.support.pages import html_of
from tests.training.runs.test_pages import form_data, text_of, url
from tests.training.runs.worlds import GRPO, SFT, World
from training.limits import REWARD_PARTS
from training.models import Checkpoint, TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client: Client, ready: World) -> Client:
    client.force_login(ready.lead)
    return client


def test_the_form_starts_a_run_and_a_second_click_starts_no_other(
    lead: Client, ready: World
) -> None:
    address = url("training_new", world=ready)
    page = text_of(lead, address)
    for meaning in (
        "How strongly the model stays close to its base", "cut off", "group’s mean",
        "A total of the rubric below 0 counts as 0",
    ):  # fmt: skip
        assert meaning in page
    first = lead.post(address, form_data(ready, part_rubric=2))
    second = lead.post(address, form_data(ready, part_rubric=2))
    run = TrainingRun.objects.get()
    assert first.url == second.url == url("training_run", run)
    assert run.settings["reward"] == {"format": 0.25, "emotion": 0.25, "rubric": 0.5}
    assert run.settings["grpo"] == GRPO


def test_the_form_offers_a_quick_look_and_knows_the_time_of_the_small_model(
    lead: Client, ready: World
) -> None:
    address = url("training_new", world=ready)
    page = text_of(lead, address)
    assert "A quick look: 8 steps" in page
    assert (
        "A short trial: the model answers 16 messages from seekers, 8 times each. 8 other messages "
        "are kept for the test at the end."
    ) in page
    assert "and the usual values for all other settings" in page
    # Nobody knows how long another model takes.
    assert "On two cores" not in page and "small language model as base" not in page
    assert 'data-small-models=""' in page and 'data-small-seconds="2.5"' in page
    small = Checkpoint.objects.create(
        project=ready.project, number=9, name="Small", origin="package", source="x 1", path="x",
        sha256="ab" * 32,
    )  # fmt: skip
    page = text_of(lead, address)
    assert f'data-small-models="{small.pk}"' in page and f'"base": "{small.pk}"' in page
    assert "small language model as base" in page
    assert "training takes about 5 minutes. The evaluation at the end comes on top." in page


def test_the_form_starts_a_plan_with_lora(lead: Client, ready: World) -> None:
    address = url("training_new", world=ready)
    chosen = {"plan": "sft_grpo", "tuning": "lora", "lora_rank": 4, "micro_batch": 2}
    response = lead.post(address, form_data(ready, **chosen, max_completion_tokens=99))
    run = TrainingRun.objects.get()
    assert response.url == url("training_run", run)
    longest = {"max_completion_tokens": 99, "micro_batch": 2}
    assert run.settings["sft"] == SFT | longest
    assert run.then_settings["grpo"] == GRPO | longest
    assert run.settings["lora"]["rank"] == run.then_settings["lora"]["rank"] == 4
    page = text_of(lead, url("training_run", run))
    assert "GRPO starts by itself from its last checkpoint, with 4 steps" in page


def test_the_form_lets_sft_teach_both_roles(lead: Client, ready: World) -> None:
    address = url("training_new", world=ready)
    lead.post(address, form_data(ready, plan="sft", sft_both_roles="on", max_completion_tokens=99))
    run = TrainingRun.objects.get()
    assert run.settings["sft"] == SFT | {"max_completion_tokens": 99, "both_roles": True}


def test_a_refusal_stands_on_the_form_with_what_was_typed(lead: Client, ready: World) -> None:
    response = lead.post(url("training_new", world=ready), form_data(ready, prompts_per_step=40))
    page = html_of(response)
    assert "The run was not started" in page and "40 are needed" in page
    assert 'name="prompts_per_step" value="40"' in page
    assert not TrainingRun.objects.exists()


def test_wrong_numbers_and_no_reward_are_told_beside_their_fields(
    lead: Client, ready: World
) -> None:
    zero = {f"part_{part}": 0 for part in REWARD_PARTS}
    page = html_of(lead.post(url("training_new", world=ready), form_data(ready, beta=3, **zero)))
    assert "less than or equal to 1" in page
    assert "At least one part" in page


def test_ids_of_another_project_are_no_choice(lead: Client, ready: World, cast: Cast) -> None:
    other = starter.register(project=cast.other_project, actor=cast.stranger)
    page = html_of(lead.post(url("training_new", world=ready), form_data(ready, base=other.pk)))
    assert "Select a valid choice" in page
    assert not TrainingRun.objects.exists()
