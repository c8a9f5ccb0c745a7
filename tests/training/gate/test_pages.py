"""The page of the gate, the form that starts a run, the run, its card, and the API."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import Cast
from tests.support.desk import Desk
from tests.support.judged_desk import LEVELS, judge_that_gives
from tests.support.pages import html_of
from tests.training.gate.test_services import REASON, on_agreement, require_battery
from tests.training.runs.test_api import body
from tests.training.runs.worlds import World, world
from training.checkpoints.card import gate_sentence
from training.gate.services import rule_add
from training.models import Checkpoint, GateRule, TrainingRun
from webapp.accounts.access import Member, find_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client: Client, ready: World) -> Client:
    client.force_login(ready.lead)
    return client


def member(world_: World) -> Member:
    found = find_member(world_.lead, world_.project.pk)
    assert found is not None
    return found


def of(name: str, world: World, **more: object) -> str:
    return reverse(name, kwargs={"project_id": world.project.pk, **more})


def test_an_empty_gate_says_how_to_begin(lead: Client, ready: World) -> None:
    text = html_of(lead.get(of("gate", ready)))
    assert "The gate has no rules yet" in text and "Every run may start." in text
    assert "Gate: not set" in html_of(lead.get(of("training_new", ready)))


def test_a_lead_adds_and_removes_rules(lead: Client, ready: World) -> None:
    asked = {
        "about": "people",
        "criterion": f"{ready.version.rubric_id}:empathy",
        "statistic": "ac2",
        "least": "0.7",
        "items": "40",
    }
    answer = lead.post(of("gate", ready), asked, follow=True)
    assert "The rule was added." in html_of(answer)
    rule = GateRule.objects.get()
    assert (rule.about, rule.criterion, rule.least, rule.items) == ("people", "empathy", 0.7, 40)
    twice = html_of(lead.post(of("gate", ready), asked))
    assert "The rule was not added." in twice and "has this rule already" in twice
    lead.post(of("gate_battery", ready))
    assert "With the rubric version of the run" in html_of(lead.get(of("gate", ready)))
    lead.post(of("gate_remove", ready, rule_id=rule.pk))
    assert GateRule.objects.get().about == "battery"


@pytest.mark.parametrize("criterion", ["", "x:y", "01a231de-4b6a-7188-bba8-6c356f886f3b:empathy"])
def test_a_criterion_that_is_no_choice_is_an_error(
    lead: Client,
    ready: World,
    criterion: str,
) -> None:
    answer = lead.post(of("gate", ready), {"about": "people", "criterion": criterion})
    assert answer.status_code == 200 and not GateRule.objects.exists()


def test_the_form_asks_for_a_reason_and_the_run_keeps_it(
    lead: Client,
    ready: World,
) -> None:
    require_battery(ready)
    page = html_of(lead.get(of("training_new", ready)))
    assert of("gate_checks", ready) in page
    part = lead.get(
        of("gate_checks", ready),
        {"version": str(ready.version.pk), "judge": str(ready.judge.pk)},
    )
    assert "data-not-met" in part.content.decode()
    run = ready.start(gate_reason=REASON)
    shown = html_of(lead.get(of("training_run", ready, run_id=run.pk)))
    assert "Gate: not met" in shown and REASON in shown
    assert "was not tried on the battery" in shown
    assert "not met" in html_of(lead.get(of("training_runs", ready)))
    assert gate_sentence(run, member(ready)).startswith(
        "not met: 1 of 1 rules."
    ) and REASON in gate_sentence(run, member(ready))


def test_a_lead_who_still_rates_learns_nothing_of_a_gate(rated: Desk, client: Client) -> None:
    at_desk, project = rated, rated.cast.project
    rule_add(
        project=project,
        actor=at_desk.cast.leads[0],
        about="people",
        rubric=at_desk.version.rubric,
        criterion="empathy",
        statistic="same",
        least=0.1,
        items=12,
    )
    judge = judge_that_gives(at_desk, LEVELS)
    asked = {"version": str(at_desk.version.pk), "judge": str(judge.pk)}
    url = reverse("gate_checks", args=[project.pk])
    api = reverse("api_gate_checks", args=[project.pk])
    client.force_login(at_desk.cast.leads[0])
    assert "The gate is met." in html_of(client.get(url, asked))
    assert client.get(api, asked).json()["checks"][0]["n"] == 12
    client.force_login(at_desk.cast.leads[1])
    assert "12 texts are left out" in html_of(client.get(url, asked))
    found = client.get(api, asked).json()["checks"][0]
    assert (found["n"], found["value"], found["low"]) == (0, None, None)


def test_nor_of_what_a_run_was_started_with(rated: Desk, client: Client) -> None:
    world_ = world(rated.cast.project, rated.cast.leads[0])
    require_battery(world_)
    run = world_.start(gate_reason=REASON)
    pages = (of("training_run", world_, run_id=run.pk), of("training_runs", world_))
    apis = (of("api_training_list", world_), of("api_training_retrieve", world_, id=run.pk))
    seen = []
    for lead in rated.cast.leads:
        client.force_login(lead)
        seen.append([client.get(url).content.decode() for url in (*pages, *apis)])
    sees, blind = seen
    assert all("not met" in page or "not_met" in page for page in sees)
    for page in blind:
        assert "not met" not in page and "not_met" not in page and REASON not in page
    blind_member = rated.cast.member(rated.cast.leads[1])
    assert "still has texts to rate" in gate_sentence(run, blind_member)


def test_the_api_adds_lists_checks_and_removes(lead: Client, ready: World) -> None:
    url = of("api_gate_list", ready)
    asked = {
        "about": "judge",
        "rubric": str(ready.version.rubric_id),
        "statistic": "alpha",
        "least": 0.667,
        "items": 30,
    }
    made = lead.post(url, asked, content_type="application/json")
    assert made.status_code == 201 and made.json()["criterion"] == ""
    assert lead.post(url, asked, content_type="application/json").status_code == 409
    assert [row["id"] for row in lead.get(url).json()["results"]] == [made.json()["id"]]
    checks = of("api_gate_checks", ready)
    assert lead.get(checks).status_code == 400
    found = lead.get(checks, {"version": ready.version.pk, "judge": ready.judge.pk}).json()
    assert found["gate"] == "not_met" and len(found["checks"]) == 2
    refused = lead.post(
        of("api_training_list", ready), body(ready), content_type="application/json"
    )
    assert refused.status_code == 409 and "gate is not met" in refused.content.decode()
    started = lead.post(
        of("api_training_list", ready),
        body(ready, gate_reason=REASON),
        content_type="application/json",
    ).json()
    assert (started["gate"], started["gate_reason"]) == ("not_met", REASON)
    assert [check["met"] for check in started["gate_checks"]] == [False, False]
    one = of("api_gate_destroy", ready, id=made.json()["id"])
    assert lead.delete(one).status_code == 204 and lead.delete(one).status_code == 404


def test_many_rules_cost_no_more_queries(lead: Client, ready: World) -> None:
    on_agreement(ready)
    lead.get(of("gate", ready))

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            lead.get(of("gate", ready))
        return len(seen)

    before = queries()
    for statistic in ("ac2", "same"):
        on_agreement(ready, statistic=statistic)
    assert queries() == before


def test_a_run_of_another_state_is_shown_as_met(lead: Client, ready: World) -> None:
    require_battery(ready)
    run = ready.start(gate_reason=REASON)
    met = {**run.gate_checks[0], "met": True, "why": "Passed"}
    TrainingRun.objects.filter(pk=run.pk).update(gate="met", gate_checks=[met], gate_reason="")
    run.refresh_from_db()
    shown = html_of(lead.get(of("training_run", ready, run_id=run.pk)))
    assert "The rubric and the judge met all rules" in shown
    assert gate_sentence(run, member(ready)) == "met, all 1 rules."


def test_a_trained_checkpoint_names_the_gate_of_its_run(lead: Client, ready: World) -> None:
    require_battery(ready)
    run = ready.start(gate_reason=REASON)
    row = Checkpoint.objects.create(
        project=ready.project,
        number=2,
        name="Last",
        origin="run",
        run=run,
        step=run.steps_total,
        path="x",
        sha256="a" * 64,
    )
    page = html_of(lead.get(of("checkpoint", ready, checkpoint_id=row.pk)))
    assert "Not met: 1 of 1 rules." in page and REASON in page
    base = html_of(lead.get(of("checkpoint", ready, checkpoint_id=ready.base.pk)))
    assert "<dt>Gate</dt>" not in base


def test_a_clinician_reads_the_gate_and_changes_nothing(
    client: Client,
    ready: World,
    cast: Cast,
) -> None:
    rule = require_battery(ready)
    client.force_login(cast.clinicians[0])
    page = html_of(client.get(of("gate", ready)))
    assert "The judge passed the battery" in page and "Add a rule" not in page
    assert client.post(of("gate_remove", ready, rule_id=rule.pk)).status_code == 403
