"""The API of judges, fits and judge runs."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.corpus.set_query import SetQuery
from annotation.judge_runs import work as judging
from annotation.models import FitRun, Item, JudgeRun, Queue, QueueRater
from annotation.sets.services import collection_create
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.judge_runs import (
    judge_run,
    learned_judge,
    llm_judge,
    rated,
    snapshot,
    texts,
    version_of,
)
from tests.support.pages import html_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version(cast: Cast) -> RubricVersion:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    return version


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def at(name: str, cast: Cast, row: Any = None) -> str:
    ids = {"id": row.pk} if row else {}
    return reverse(f"api_{name}", kwargs={"project_id": cast.project.pk, **ids})


def post(client: Client, url: str, body: dict[str, Any], key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(url, body, content_type="application/json", headers=headers)


def done(cast: Cast, version: RubricVersion) -> JudgeRun:
    run = judge_run(cast, version, learned_judge(cast, version))
    judging.work(str(run.pk))
    return run


def test_a_judge_is_named_and_listed(cast: Cast, lead: Client) -> None:
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    body = {"name": "Reader", "endpoint": str(voice.pk), "mode": "all_in_one"}
    made = post(lead, at("judge_list", cast), body)
    assert made.status_code == 201
    assert made.json()["parameters"]["mode"] == "all_in_one"
    again = post(lead, at("judge_list", cast), body)
    assert again.json()["version"] == 2
    assert len(lead.get(at("judge_list", cast), {"kind": "llm"}).json()["results"]) == 2
    one = lead.get(at("judge_retrieve", cast, Judge.objects.get(version=1)))
    assert one.json()["id"] == made.json()["id"]


def test_a_fit_starts_once_and_tells_of_its_judge(
    cast: Cast, lead: Client, version: RubricVersion
) -> None:
    body = {"version": str(version.pk), "judge_name": "L", "rater_kinds": ["construction"]}
    first = post(lead, at("fit_list", cast), body, "one")
    assert first.status_code == 201 and first.json()["status"] == "pending"
    assert post(lead, at("fit_list", cast), body, "one").json()["id"] == first.json()["id"]
    learned_judge(cast, version)
    fitted = FitRun.objects.get(judge__isnull=False)
    assert lead.get(at("fit_retrieve", cast, fitted)).json()["judge"] == str(fitted.judge_id)
    few = post(lead, at("fit_list", cast), body | {"rater_kinds": ["person"]})
    assert (few.status_code, few.json()["code"]) == (409, "too_few_ratings")


def test_a_judge_run_over_a_set_starts_once_with_one_snapshot(
    cast: Cast, lead: Client, version: RubricVersion
) -> None:
    judge = learned_judge(cast, version)
    collection = collection_create(
        project=cast.project, actor=cast.leads[0], name="All", query=SetQuery()
    )
    body = {
        "version": str(version.pk), "judge": str(judge.pk), "collection": str(collection.pk),
        "limit": 10, "seed": 3,
    }  # fmt: skip
    first = post(lead, at("judge_run_list", cast), body, "one")
    assert first.status_code == 201 and first.json()["planned"] == 10
    again = post(lead, at("judge_run_list", cast), body, "one")
    assert again.json()["id"] == first.json()["id"]
    assert collection.snapshots.count() == 1


def test_a_judge_run_names_a_snapshot_or_a_set(
    cast: Cast, lead: Client, version: RubricVersion
) -> None:
    judge = learned_judge(cast, version)
    frozen = snapshot(cast)
    body = {"version": str(version.pk), "judge": str(judge.pk)}
    assert post(lead, at("judge_run_list", cast), body).status_code == 400
    with_snapshot = body | {"snapshot": str(frozen.pk)}
    assert post(lead, at("judge_run_list", cast), with_snapshot).status_code == 201


def test_ids_of_another_project_are_not_there(
    cast: Cast, lead: Client, version: RubricVersion
) -> None:
    frozen = snapshot(cast)
    theirs = endpoint(cast, "http://127.0.0.1:9/v1")
    type(theirs).objects.filter(pk=theirs.pk).update(project=cast.other_project)
    judge = Judge.objects.create(
        project=cast.other_project, name="J", version=1, kind="llm", endpoint=theirs, hash="h"
    )
    body = {"version": str(version.pk), "judge": str(judge.pk), "snapshot": str(frozen.pk)}
    assert post(lead, at("judge_run_list", cast), body).status_code == 404
    body = {"name": "R", "endpoint": str(theirs.pk)}
    assert post(lead, at("judge_list", cast), body).status_code == 404


def test_results_come_with_scores_and_totals(
    cast: Cast, lead: Client, version: RubricVersion
) -> None:
    run = done(cast, version)
    page = lead.get(at("judge_run_results", cast, run), {"page_size": 20}).json()
    assert [row["position"] for row in page["results"]] == list(range(20))
    row = page["results"][0]
    assert {score["criterion_uid"] for score in row["scores"]} == {"format", "warmth", "asks"}
    assert 0 <= row["total"] <= 1 and not row["scores_hidden"]
    rest = lead.get(page["next"]).json()["results"]
    assert [row["position"] for row in rest] == list(range(20, 24))
    detail = lead.get(at("judge_run_retrieve", cast, run)).json()
    assert (detail["status"], detail["judged"], detail["hidden"]) == ("succeeded", 24, 0)
    warmth = next(c for c in detail["criteria"] if c["uid"] == "warmth")
    assert sum(level["n"] for level in warmth["levels"]) == warmth["n"] == 24


def test_whoever_still_rates_a_text_sees_no_judge_score_of_it(
    cast: Cast, lead: Client, version: RubricVersion
) -> None:
    run = done(cast, version)
    members = list(run.items.order_by("position")[:5])
    queue = Queue.objects.create(
        project=cast.project, number=1, name="Q", version=version, snapshot=run.snapshot
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=cast.leads[0])
    for place, member in enumerate(members):
        Item.objects.create(project=cast.project, queue=queue, position=place, target=member.target)
    rows = lead.get(at("judge_run_results", cast, run)).json()["results"]
    assert [row["scores_hidden"] for row in rows] == [True] * 5 + [False] * 19
    assert all(row["scores"] == [] and row["total"] is None for row in rows[:5])
    detail = lead.get(at("judge_run_retrieve", cast, run)).json()
    assert detail["hidden"] == 5
    assert {criterion["n"] for criterion in detail["criteria"]} == {19}
    url = reverse("judge_run", kwargs={"project_id": cast.project.pk, "run_id": run.pk})
    html = html_of(lead.get(url))
    assert "5 texts that you still have to rate are hidden here" in html
    lead.force_login(cast.leads[1])
    assert lead.get(at("judge_run_retrieve", cast, run)).json()["hidden"] == 0


def test_clinicians_read_and_do_not_start(
    cast: Cast, client: Client, version: RubricVersion
) -> None:
    run = done(cast, version)
    client.force_login(cast.clinicians[0])
    assert client.get(at("judge_run_results", cast, run)).status_code == 200
    assert post(client, at("judge_run_list", cast), {}).status_code == 403
    assert client.post(at("judge_run_cancel", cast, run)).status_code == 403


@pytest.mark.slow
def test_lists_cost_the_same_for_two_and_for_twenty(
    cast: Cast, lead: Client, version: RubricVersion
) -> None:
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    run = done(cast, version)

    def queries(url: str, **params: Any) -> int:
        with CaptureQueriesContext(connection) as found:
            assert lead.get(url, params).status_code == 200
        return len(found)

    pages = [at(name, cast) for name in ("judge_list", "fit_list", "judge_run_list")]
    pages.append(reverse("judging", kwargs={"project_id": cast.project.pk}))
    judge_run(cast, version, llm_judge(cast, voice), run.snapshot)
    lead.get(pages[0])  # The first request also notes the session.
    few = [queries(url) for url in pages]
    for _ in range(12):
        judge_run(cast, version, llm_judge(cast, voice), run.snapshot)
    assert [queries(url) for url in pages] == few
    results = at("judge_run_results", cast, run)
    assert queries(results, page_size=2) == queries(results, page_size=20)
