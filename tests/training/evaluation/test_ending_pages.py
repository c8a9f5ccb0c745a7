"""What a training run's page, the lists and the API show of the evaluation that it ends with."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotation.queues.services import queue_create
from tests.conftest import Cast
from tests.support.evaluations import PROMPTS
from tests.support.pages import html_of
from tests.support.stored import as_shown
from tests.training.evaluation.endings import evaluated, second_judge, train
from tests.training.evaluation.test_pages import _queries
from tests.training.runs.worlds import SFT, World
from training import live
from training.checkpoints.archiving import archive_of
from training.checkpoints.card import card_of
from training.checkpoints.contents import inspect
from training.evaluation import messages
from training.models import EvaluationRun, TrainingRun
from training.paths import weights_of
from webapp.runs import registry

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lead(client: Client, cast: Cast) -> Client:
    client.force_login(cast.leads[0])
    return client


def url(name: str, run: TrainingRun | EvaluationRun) -> str:
    return reverse(name, kwargs={"project_id": run.project_id, "run_id": run.pk})


def api(name: str, run: TrainingRun | EvaluationRun) -> str:
    return reverse(name, kwargs={"project_id": run.project_id, "id": run.pk})


def test_a_finished_run_shows_what_another_judge_found(
    lead: Client, cast: Cast, monkeypatch
) -> None:
    run = evaluated(cast, monkeypatch)
    page = html_of(lead.get(url("training_run", run)))
    assert "“starter” and “GRPO run 1, step 4” answered the same" in page
    assert f"the same {PROMPTS} held-out prompts" in page
    assert "Results by Learned v1" in page
    assert f"{PROMPTS} prompts of {PROMPTS} profiles" in page
    assert "GRPO run 1, step 4 against starter" in page and "Clearly higher in Warmth" in page
    assert f"n {PROMPTS}" in page and "ws-connect" not in page
    assert f'href="{url("evaluation", run.evaluation)}"' in page
    assert "style=" not in page

    back = f'href="{url("training_run", run)}"'
    assert back in html_of(lead.get(url("evaluation", run.evaluation)))
    listed = reverse("evaluations", kwargs={"project_id": run.project_id})
    assert back in html_of(lead.get(listed))

    found = lead.get(api("api_training_retrieve", run)).json()
    assert found["evaluation"] == str(run.evaluation.pk) and found["evaluation_problem"] == ""
    assert found["evaluation_judges"] == [str(run.evaluation.judges.get().judge_id)]
    assert lead.get(api("api_evaluation_retrieve", run.evaluation)).json()["training"] == str(
        run.pk
    )
    card = _card(run, cast)
    assert "| GRPO run 1, step 4 |" in card and "rated by Learned v1" in card


def _card(run: TrainingRun, cast: Cast) -> str:
    last, member = run.checkpoints.get(step=4), cast.member(cast.leads[0])
    assert archive_of(last, member).status_code == 200
    return card_of(last, inspect(weights_of(last)), member)


def test_who_still_has_to_rate_the_prompts_sees_no_result(
    client: Client, cast: Cast, monkeypatch
) -> None:
    run = evaluated(cast, monkeypatch)
    queue_create(
        project=cast.project,
        actor=cast.leads[0],
        name="Prompts",
        snapshot=run.held_out_snapshot,
        version=run.version,
        raters=[cast.leads[1]],
        overlap=1,
    )
    client.force_login(cast.leads[1])
    page = html_of(client.get(url("training_run", run)))
    assert f"You still have to rate or judge {PROMPTS} of these prompts" in page
    assert "Results by" not in page and "Clearly higher" not in page
    member = cast.member(cast.leads[1])
    assert "Results by" not in "".join(live.render(run, member))
    assert "It was not evaluated." in card_of(
        run.checkpoints.get(step=4), inspect(weights_of(run.base)), member
    )


def test_the_page_follows_the_evaluation(lead: Client, ready: World, monkeypatch) -> None:
    run = ready.start(evaluation_judges=[second_judge(ready)])
    assert "answer the held-out prompts. Then every answer is rated by Second v1" in html_of(
        lead.get(url("training_run", run))
    )
    train(run, monkeypatch)
    page = html_of(lead.get(url("training_run", run)))
    assert "of 12 answers and ratings" in page and "Results by" not in page
    assert f'ws-connect="/live/training/{run.pk}/"' in page
    kind = registry.find("training")
    assert kind.still_changes is not None and kind.still_changes(run)
    told: list[str] = []
    monkeypatch.setattr(messages.live, "publish", told.append)
    ending = EvaluationRun.objects.get()
    messages.publish(ending)
    assert told == [ending.topic, run.topic]
    EvaluationRun.objects.update(status="failed", error="The server is gone.")
    run = TrainingRun.objects.get(pk=run.pk)
    assert not kind.still_changes(run)
    page = html_of(lead.get(url("training_run", run)))
    assert "The server is gone." in page and "ws-connect" not in page


def test_a_first_run_says_that_the_second_is_evaluated(lead: Client, ready: World) -> None:
    run = ready.start(sft=SFT, evaluation_judges=[second_judge(ready)])
    page = html_of(lead.get(url("training_run", run)))
    assert "The GRPO run after this one ends with an evaluation" in page


def test_a_reason_has_a_button_that_starts_it(
    lead: Client, ready: World, settings, monkeypatch
) -> None:
    run = ready.start(evaluation_judges=[second_judge(ready)])
    settings.RUNS_PER_PROJECT = 0
    train(run, monkeypatch)
    page = html_of(lead.get(url("training_run", run)))
    assert "The evaluation has not started." in page and "already has 0 open runs" in page
    assert f'hx-post="{url("training_evaluate", run)}"' in page
    again = html_of(lead.post(url("training_evaluate", run), follow=True))
    assert "The evaluation was not started. This project already has" in again
    answer = lead.post(api("api_training_evaluate", run))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_runs")
    settings.RUNS_PER_PROJECT = 10
    assert lead.post(url("training_evaluate", run)).url == url("training_run", run)
    assert lead.post(api("api_training_evaluate", run)).json()["evaluation"] == str(
        EvaluationRun.objects.get().pk
    )
    assert "has not started" not in html_of(lead.get(url("training_run", run)))


def ticked(client: Client, address: str) -> set[str]:
    """The judges that the form chooses."""
    page = html_of(client.get(address))
    boxes = re.findall(r'<input type="checkbox" name="evaluation_judges"[^>]*>', page)
    assert boxes
    return {re.search(r'value="([^"]+)"', box)[1] for box in boxes if "checked" in box}


def test_the_form_ticks_judges_beside_the_reward(lead: Client, ready: World) -> None:
    address = reverse("training_new", kwargs={"project_id": ready.project.pk})
    # The reward's judge alone would be refused, so it is not ticked.
    assert ticked(lead, address) == set()
    second = second_judge(ready)
    assert ticked(lead, address) == {str(second.pk), str(ready.judge.pk)}


def test_a_form_without_a_local_server_says_why(lead: Client, ready: World, settings) -> None:
    second_judge(ready)
    settings.LLM_ALLOW_LOOPBACK = False
    address = reverse("training_new", kwargs={"project_id": ready.project.pk})
    page = html_of(lead.get(address))
    assert "A run can’t end with an evaluation here." in page
    assert ticked(lead, address) == set()


def test_judges_are_the_same_by_form_and_api(lead: Client, ready: World) -> None:
    judges = [str(second_judge(ready).pk), str(ready.judge.pk)]
    where = {"project_id": ready.project.pk}
    address = reverse("training_new", kwargs=where)
    chosen = as_shown(lead.get(address)) | {
        "prompts": "4", "held_out_prompts": "3", "judge": str(ready.judge.pk),
        "version": str(ready.version.pk), "base": str(ready.base.pk),
    }  # fmt: skip
    assert lead.post(address, chosen | {"evaluation_judges": judges}).status_code == 302
    body = {
        "base": str(ready.base.pk), "collection": str(ready.collection.pk), "prompts": 4,
        "held_out_prompts": 3, "version": str(ready.version.pk), "judge": str(ready.judge.pk),
    }  # fmt: skip
    address = reverse("api_training_list", kwargs=where)
    made = lead.post(address, body | {"evaluation_judges": judges}, content_type="application/json")
    assert made.status_code == 201
    page, other = TrainingRun.objects.order_by("number")
    for run in (page, other):
        kept = run.evaluation_judges.values_list("judge_id", flat=True)
        assert sorted(map(str, kept)) == sorted(judges)
    for changes, status in (
        ({"evaluation_judges": judges[1:]}, 409),
        ({"evaluation_judges": ["x"]}, 400),
        ({"evaluation_judges": [str(ready.base.pk)]}, 404),
        ({"evaluation_judges": judges * 3}, 400),
    ):
        answer = lead.post(address, body | changes, content_type="application/json")
        assert answer.status_code == status, changes
    refused = lead.post(
        reverse("training_new", kwargs=where),
        chosen | {"key": "other", "evaluation_judges": judges[1:]},
    )
    assert "Choose at least one judge that was not the reward" in html_of(refused)
    assert TrainingRun.objects.count() == 2


def test_lists_ask_as_much_for_many_evaluations_as_for_few(
    lead: Client, ready: World, settings, monkeypatch
) -> None:
    settings.RUNS_PER_PROJECT = 50
    second = second_judge(ready)
    asked = []
    for count in (2, 4):
        for _ in range(count):
            train(ready.start(evaluation_judges=[second]), monkeypatch)
        run = TrainingRun.objects.first()
        where = {"project_id": ready.project.pk}
        pages = [
            reverse("training_runs", kwargs=where),
            reverse("evaluations", kwargs=where),
            reverse("api_training_list", kwargs=where),
            reverse("api_evaluation_list", kwargs=where),
            url("training_run", run),
        ]
        asked.append([_queries(lead, page) for page in pages])
    assert asked[0] == asked[1]
