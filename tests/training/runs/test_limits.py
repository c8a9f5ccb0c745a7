"""A training run by the page and by the API: one set of limits, defaults and rules."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.stored import api_error, as_shown, page_error, stored
from tests.training.runs.worlds import World
from training.limits import (
    GRPO,
    HELD_OUT_PROMPTS,
    LORA,
    LORA_DEFAULTS,
    PROMPTS,
    QUICK,
    REWARD_PARTS,
    SFT,
    WEIGHT,
)
from training.models import TrainingRun
from webapp.errors import Refused
from webapp.limits import SEED, Bounds

pytestmark = pytest.mark.django_db

BOUNDS = {"prompts": PROMPTS, "held_out_prompts": HELD_OUT_PROMPTS, "seed": SEED}
DOCS = Path(__file__).parents[3] / "docs/training.md"
# Tests give the same weights to all parts but one.
WEIGHTED = "reward.emotion"


@pytest.fixture
def lead(client: Client, ready: World) -> Client:
    client.force_login(ready.lead)
    return client


def rows(ready: World) -> dict[str, str]:
    names = ("base", "collection", "version", "judge")
    return {name: str(getattr(ready, name).pk) for name in names}


def by_page(client: Client, ready: World, given: dict[str, Any]) -> Any:
    """Post the form as it is shown first, with these changes: "grpo.beta" is the field beta."""
    url = reverse("training_new", kwargs={"project_id": ready.project.pk})
    changes = {field_of(name): value for name, value in given.items()}
    return client.post(url, as_shown(client.get(url)) | rows(ready) | changes)


def field_of(name: str) -> str:
    """The form's field for a number of the API: "sft.steps" is sft_steps."""
    prefixes = (("reward.", "part_"), ("grpo.", ""), ("sft.", "sft_"), ("lora.", "lora_"))
    for group, prefix in prefixes:
        if name.startswith(group):
            return prefix + name.removeprefix(group)
    return name


def by_api(client: Client, ready: World, given: dict[str, Any]) -> Any:
    body: dict[str, Any] = dict(rows(ready))
    for name, value in given.items():
        group, _, inner = name.rpartition(".")
        (body.setdefault(group, {}) if group else body)[inner] = value
    url = reverse("api_training_list", kwargs={"project_id": ready.project.pk})
    return client.post(url, body, content_type="application/json")


def same(client: Client, ready: World, **given: Any) -> TrainingRun:
    """Start a run both ways; they may differ in nothing."""
    given = {name.replace("__", "."): value for name, value in given.items()}
    given = {"prompts": 4, "held_out_prompts": 3} | given
    assert by_page(client, ready, given).status_code == 302
    assert by_api(client, ready, given).status_code == 201
    page, api = TrainingRun.objects.order_by("number")
    own = ("train_snapshot", "held_out_snapshot", "then_snapshot")
    assert stored(page, *own) == stored(api, *own)
    for name in own:
        if getattr(page, name) or getattr(api, name):
            assert stored(getattr(page, name)) == stored(getattr(api, name))
    return api


def test_what_is_left_as_it_is_shown_is_what_is_left_out(lead: Client, ready: World) -> None:
    run = same(lead, ready)
    assert run.settings["reward"] == dict.fromkeys(REWARD_PARTS, 1 / 3)


def test_weights_are_kept_as_shares(lead: Client, ready: World) -> None:
    run = same(lead, ready, reward__format=1, reward__emotion=0, reward__rubric=3, seed=5)
    assert run.settings["reward"] == {"format": 0.25, "emotion": 0, "rubric": 0.75}


def test_a_weight_that_is_left_out_is_the_forms(lead: Client, ready: World) -> None:
    run = same(lead, ready, reward__rubric=2)
    assert run.settings["reward"] == {"format": 0.25, "emotion": 0.25, "rubric": 0.5}


def test_every_number_is_kept_as_it_was_given(lead: Client, ready: World) -> None:
    given = {f"grpo__{name}": setting.least for name, setting in GRPO.items()}
    run = same(lead, ready, seed=SEED.most, **given)
    assert run.settings["grpo"] == {name: setting.least for name, setting in GRPO.items()}
    assert run.settings["seed"] == SEED.most


def test_a_plan_is_the_same_both_ways(lead: Client, ready: World) -> None:
    # The form has one longest reply for both methods.
    given = {f"sft__{name}": one.least for name, one in SFT.items()}
    given |= {f"grpo__{name}": one.least for name, one in GRPO.items()}
    lora = {"lora__rank": 3, "lora__alpha": 5}
    run = same(lead, ready, plan="sft_grpo", tuning="lora", **given, **lora)
    assert run.settings["sft"] == {name: one.least for name, one in SFT.items()}
    assert run.then_settings["grpo"] == {name: one.least for name, one in GRPO.items()}
    assert run.settings["lora"] == run.then_settings["lora"] == {"rank": 3, "alpha": 5}


def test_a_quick_look_is_by_api_what_the_documentation_says(lead: Client, ready: World) -> None:
    """As one click on the preset fills in the form, whatever was in it before."""
    few = {"prompts": 4, "held_out_prompts": 3}
    typed = {"seed": 9, "beta": 0.5, "part_format": 3, "lora_rank": 2, "micro_batch": 4}
    filled = QUICK["fields"] | QUICK["grpo"] | {f"lora_{n}": v for n, v in QUICK["lora"].items()}
    assert by_page(lead, ready, typed | filled | few).status_code == 302
    [told] = re.findall(r"By API the same run.*?```json\n(.*?)```", DOCS.read_text(), re.DOTALL)
    asked = json.loads(told)
    assert {name: asked[name] for name in few} == {name: QUICK["fields"][name] for name in few}
    assert by_api(lead, ready, asked | few).status_code == 201
    page, api = TrainingRun.objects.order_by("number")
    assert (page.method, page.steps_total, page.settings) == ("grpo", 8, api.settings)
    assert page.settings["lora"] == LORA_DEFAULTS
    assert page.settings["grpo"].items() >= QUICK["grpo"].items()


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        *BOUNDS.items(),
        *((f"grpo.{name}", bounds) for name, bounds in GRPO.items()),
        *((f"lora.{name}", bounds) for name, bounds in LORA.items()),
        (WEIGHTED, WEIGHT),
    ],
)
def test_the_largest_is_taken_and_one_more_is_not(
    lead: Client, ready: World, name: str, bounds: Bounds
) -> None:
    field = field_of(name)
    enough = {"prompts": 4, "held_out_prompts": 3}
    for value, is_taken in ((bounds.most, True), (bounds.most + 1, False)):
        page = page_error(by_page(lead, ready, enough | {name: value}), field)
        api = api_error(by_api(lead, ready, enough | {name: value}), *name.split("."))
        assert (page == "", api == "") == (is_taken, is_taken), (value, page, api)


@pytest.mark.parametrize(
    "weights", [(0, 0, 0), (-1, 1, 1), (math.nan, 1, 1), (math.inf, 1, 1), (1000.5, 1, 1)]
)
def test_weights_that_are_none_are_refused_by_whoever_starts(
    lead: Client, ready: World, weights: tuple[float, ...]
) -> None:
    reward = dict(zip(REWARD_PARTS, weights, strict=True))
    with pytest.raises(Refused) as refusal:
        ready.start(reward=reward)
    assert refusal.value.code == "reward" and str(refusal.value).endswith(".")
    given = {f"reward.{part}": str(weight) for part, weight in reward.items()}
    enough = {"prompts": 4, "held_out_prompts": 3}
    assert page_error(by_page(lead, ready, enough | given), "part_format")
    assert by_api(lead, ready, enough | given).status_code in (400, 409)
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize("name", BOUNDS)
def test_a_script_meets_the_same_bounds(ready: World, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        ready.start(**{name: BOUNDS[name].most + 1})
    assert (refusal.value.code, str(refusal.value)) == (name, str(BOUNDS[name]))
