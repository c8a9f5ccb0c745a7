"""The list of all texts of a judge run."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.judge_runs import texts
from annotation.models import JudgeItem, JudgeRun
from annotation.ratings.services import NewScore, rater_for_judge, submit_rating
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.support.rows import judge

# (Empathy, Asking, Safety) of each text; None where the judge failed.
GIVEN = [(5, 2, 1), (3, 1, 0), None, (1, 0, 1), (4, 1, 1), (1, 0, 0)]
WORDS = "JUDGE-WROTE-THIS"


@pytest.fixture
def at_desk(cast: Cast) -> Desk:
    return build_desk(cast)


@pytest.fixture
def run(at_desk: Desk) -> JudgeRun:
    lead = at_desk.cast.leads[0]
    setting = Setting(at_desk.cast.project, lead)
    made = JudgeRun.objects.create(
        project=setting.project,
        number=1,
        idempotency_key="texts",
        status="succeeded",
        ended_at=timezone.now(),
        created_by=lead,
        snapshot=at_desk.queue.snapshot,
        version=at_desk.version,
        spec=at_desk.version.spec,
        judge=judge(setting),
    )
    for item, given in zip(at_desk.queue.items.select_related("target"), GIVEN, strict=True):
        row: dict[str, Any] = {"state": "failed", "error": "No JSON."}
        if given is not None:
            scores = zip(("empathy", "asks", "safe"), given, strict=True)
            rating = submit_rating(
                target=item.target,
                spec=at_desk.version.spec,  # type: ignore[arg-type]
                rater=rater_for_judge(judge=made.judge),
                purpose="judge",
                scores=[NewScore(uid, value, rationale=WORDS) for uid, value in scores],
            ).rating
            row = {"state": "done", "rating": rating}
        JudgeItem.objects.create(
            project=made.project, run=made, position=item.position, target=item.target, **row
        )
    return made


def _page(client: Client, run: JudgeRun, **asked: Any) -> Any:
    return client.get(reverse("judge_run_texts", args=[run.project_id, run.pk]), asked)


def _positions(client: Client, run: JudgeRun, **asked: Any) -> list[int]:
    return [row.item.position for row in _page(client, run, **asked).context["found"].rows]


def test_all_texts_are_sorted_and_filtered(at_desk: Desk, run: JudgeRun, client: Client) -> None:
    client.force_login(at_desk.cast.leads[0])
    assert _positions(client, run) == [0, 1, 2, 3, 4, 5]
    # What has no total comes last.
    assert _positions(client, run, sort="highest") == [0, 4, 3, 1, 5, 2]
    assert _positions(client, run, sort="lowest") == [1, 5, 3, 4, 0, 2]
    assert _positions(client, run, shown="scored") == [0, 1, 3, 4, 5]
    assert _positions(client, run, shown="zero") == [1, 5]
    assert _positions(client, run, shown="failed") == [2]
    assert _positions(client, run, shown="waiting") == []
    assert _positions(client, run, level="asks=1", sort="highest") == [4, 1]
    assert _positions(client, run, shown="x", level="y", sort="z", page="-1") == [0, 1, 2, 3, 4, 5]


def test_a_total_of_0_has_its_reason_and_a_failure_too(
    at_desk: Desk, run: JudgeRun, client: Client
) -> None:
    client.force_login(at_desk.cast.leads[0])
    zero = html_of(_page(client, run, shown="zero"))
    assert zero.count("Safety is 0, below 1.") == 2
    assert "What the judge wrote" in zero and WORDS in zero
    assert "No JSON." in html_of(_page(client, run, shown="failed"))
    latest = html_of(client.get(reverse("judge_run", args=[run.project_id, run.pk])))
    assert latest.count("Safety is 0, below 1.") == 2
    assert reverse("judge_run_texts", args=[run.project_id, run.pk]) in latest


def test_a_page_costs_the_same_for_more_texts(
    at_desk: Desk,
    run: JudgeRun,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    client.force_login(at_desk.cast.leads[0])
    monkeypatch.setattr(texts, "PAGE", 2)
    _page(client, run, sort="lowest")
    with CaptureQueriesContext(connection) as few:
        first = _page(client, run, sort="lowest")
    cost = len(few)
    assert (first.context["found"].pages, first.context["found"].found) == (3, 6)
    assert "Page 1 of 3" in html_of(first)
    assert _positions(client, run, sort="lowest", page=3) == [0, 2]
    assert _positions(client, run, page=99) == [4, 5]
    monkeypatch.setattr(texts, "PAGE", 50)
    with django_assert_num_queries(cost):
        _page(client, run, sort="lowest")


def test_texts_that_the_reader_still_rates_are_left_out(
    at_desk: Desk, run: JudgeRun, client: Client
) -> None:
    client.force_login(at_desk.cast.leads[1])
    page = html_of(_page(client, run))
    assert "6 texts that you still have to rate are hidden here." in page
    assert WORDS not in page and "Night" not in page
    assert _positions(client, run, sort="highest") == []


def test_why_a_text_has_no_score_is_hidden_as_a_score_is(
    at_desk: Desk, run: JudgeRun, client: Client
) -> None:
    """A reason repeats what the judge gave."""
    reason = "Empathy: The score '5 of 5' is not on the scale."
    run.items.filter(state="failed").update(error=reason)
    at = [run.project_id, run.pk]

    def told(lead: int) -> list[bool]:
        client.force_login(at_desk.cast.leads[lead])
        page = html_of(client.get(reverse("judge_run", args=at)))
        results = client.get(reverse("api_judge_run_results", args=at)).json()["results"]
        return ["5 of 5" in page, reason in [row["error"] for row in results]]

    assert told(0) == [True, True]
    assert told(1) == [False, False]
