"""The API of training: the pages' rules, for scripts."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support import starter
from tests.training.runs import told
from tests.training.runs.test_events import insert
from tests.training.runs.worlds import GRPO, SFT, World
from training.limits import GRPO_DEFAULTS
from training.models import TrainingRun
from training.reply_lengths import longest_reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client: Client, ready: World) -> Client:
    client.force_login(ready.lead)
    return client


@pytest.fixture
def run(ready: World) -> TrainingRun:
    run = ready.start()
    insert(run, *told.whole_run())
    return run


def url(name: str, run: TrainingRun) -> str:
    return reverse(name, kwargs={"project_id": run.project_id, "id": run.pk})


def project_url(name: str, world: World) -> str:
    return reverse(name, kwargs={"project_id": world.project.pk})


def body(ready: World, **changes: object) -> dict[str, object]:
    return {
        "base": str(ready.base.pk),
        "collection": str(ready.collection.pk),
        "prompts": 4,
        "held_out_prompts": 3,
        "version": str(ready.version.pk),
        "judge": str(ready.judge.pk),
        "grpo": GRPO,
        **changes,
    }


def post(client: Client, world: World, key: str = "", **changes: object):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(
        project_url("api_training_list", world),
        body(world, **changes),
        content_type="application/json",
        headers=headers,
    )


def test_start_with_a_key_starts_once(lead: Client, ready: World) -> None:
    first, second = post(lead, ready, "mine"), post(lead, ready, "mine")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    run = TrainingRun.objects.get()
    assert run.settings["reward"] == dict.fromkeys(("format", "emotion", "rubric"), 1 / 3)
    assert first.json()["gate"] == "not_set"
    assert first.json()["progress"]["done"] == 0


def test_without_settings_the_preset_is_taken(lead: Client, ready: World) -> None:
    given = body(ready)
    del given["grpo"]
    response = lead.post(
        project_url("api_training_list", ready), given, content_type="application/json"
    )
    assert response.status_code == 201
    run = TrainingRun.objects.get()
    measured = longest_reply(ready.base, run.train_snapshot)
    assert run.settings["grpo"] == {**GRPO_DEFAULTS, "max_completion_tokens": measured}


def test_unknown_fields_change_nothing(lead: Client, ready: World) -> None:
    assert post(lead, ready, status="succeeded", event_offset=9, number=77).status_code == 201
    run = TrainingRun.objects.get()
    assert (run.status, run.event_offset, run.number) == ("pending", 0, 1)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"reward": {"format": -1}}, 400),
        ({"grpo": {**GRPO, "beta": 2}}, 400),
        ({"prompts": 0}, 400),
        ({"base": "x"}, 400),
        ({"plan": "ppo"}, 400),
        ({"plan": "sft"}, 400),  # with settings of GRPO
        ({"sft": {}}, 400),
        ({"lora": {"rank": 0}}, 400),
        ({"grpo": {**GRPO, "micro_batch": 3}}, 409),
        ({"grpo": {**GRPO, "prompts_per_step": 9}}, 409),
        ({"reward": {"format": 0, "emotion": 0, "rubric": 0}}, 409),
    ],
)
def test_refusals_are_problems(lead: Client, ready: World, changes: dict, status: int) -> None:
    response = post(lead, ready, **changes)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert not TrainingRun.objects.exists()


def test_a_key_is_short(lead: Client, ready: World) -> None:
    assert post(lead, ready, "k" * 65).status_code == 400


@pytest.mark.parametrize("field", ["base", "collection", "version", "judge"])
def test_ids_of_nothing_here_are_404(lead: Client, ready: World, cast: Cast, field: str) -> None:
    other = starter.register(project=cast.other_project, actor=cast.stranger)
    assert post(lead, ready, **{field: str(other.pk)}).status_code == 404


def test_sft_can_teach_both_roles(lead: Client, ready: World) -> None:
    given = body(ready, plan="sft")
    given.pop("grpo", None)
    sft = {**SFT, "both_roles": True}
    address = project_url("api_training_list", ready)
    made = lead.post(address, given | {"sft": sft}, content_type="application/json")
    assert made.status_code == 201
    assert TrainingRun.objects.get().settings["sft"] == sft


def test_sft_needs_no_judge(lead: Client, ready: World) -> None:
    given = body(ready, plan="sft")
    del given["judge"], given["grpo"]
    address = project_url("api_training_list", ready)
    made = lead.post(address, given, content_type="application/json")
    assert (made.status_code, made.json()["judge"]) == (201, None)
    assert lead.get(url("api_training_retrieve", TrainingRun.objects.get())).json()["judge"] is None
    refused = lead.post(address, given | {"plan": "grpo"}, content_type="application/json")
    assert refused.status_code == 409 and "Choose a judge." in refused.json()["detail"]


def test_list_and_retrieve(lead: Client, ready: World, run: TrainingRun) -> None:
    (found,) = lead.get(project_url("api_training_list", ready)).json()["results"]
    assert (found["id"], found["steps_done"], found["steps_total"]) == (str(run.pk), 4, 4)
    none = lead.get(project_url("api_training_list", ready) + "?status=failed").json()
    assert none["results"] == []
    detail = lead.get(url("api_training_retrieve", run)).json()
    assert detail["progress"]["rollouts"] == 32
    assert detail["spec_hash"] == run.spec.hash


def test_metrics_are_asked_for_by_their_names(lead: Client, run: TrainingRun) -> None:
    address = url("api_training_metrics", run)
    answer = lead.get(address + "?name=reward&name=kl&after=2").json()
    assert [one["name"] for one in answer["series"]] == ["reward", "kl"]
    assert answer["series"][0]["points"] == [
        {"step": 3, "value": pytest.approx(0.7)},
        {"step": 4, "value": pytest.approx(0.8)},
    ]
    assert answer["next_after"] is None
    assert lead.get(address + "?name=run__project").status_code == 400
    assert lead.get(address + "?after=x").status_code == 400
    assert len(lead.get(address).json()["series"]) == 10


def test_rollouts_of_a_step(lead: Client, run: TrainingRun) -> None:
    address = url("api_training_rollouts", run)
    found = lead.get(address + "?step=2&page_size=200").json()["results"]
    assert {row["step"] for row in found} == {2} and len(found) == 8
    assert found[0]["scores"]["empathy"]["value"] == 4
    assert found[0]["cut"] == 0
    assert lead.get(address + "?step=x").status_code == 400


def test_checkpoints(lead: Client, ready: World, run: TrainingRun) -> None:
    address = project_url("api_checkpoint_list", ready)
    assert len(lead.get(address).json()["results"]) == 2
    (row,) = lead.get(f"{address}?run={run.pk}").json()["results"]
    assert (row["step"], "path" in row) == (4, False)


def test_cancel_and_resume(lead: Client, run: TrainingRun) -> None:
    assert lead.post(url("api_training_cancel", run)).json()["status"] == "cancelled"
    assert lead.post(url("api_training_resume", run)).json()["status"] == "pending"
    again = lead.post(url("api_training_resume", run))
    assert (again.status_code, again.json()["code"]) == (409, "not_resumable")


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("api_training_retrieve", "get"),
        ("api_training_metrics", "get"),
        ("api_training_rollouts", "get"),
        ("api_training_evaluate", "post"),
        ("api_training_cancel", "post"),
        ("api_training_resume", "post"),
    ],
)
def test_roles(client: Client, cast: Cast, run: TrainingRun, name: str, method: str) -> None:
    assert getattr(client, method)(url(name, run)).status_code == 401
    for person, expected in (
        (cast.outsider, 404),
        (cast.stranger, 404),
        (cast.annotators[0], 403),
        (cast.clinicians[0], 403),
    ):
        client.force_login(person)
        assert getattr(client, method)(url(name, run)).status_code == expected, person
