"""The means of a judge run, corrected by what people rated."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.agreement import means as corrected
from annotation.agreement.means import means_of, rated_by_people
from annotation.desk import services as desk
from annotation.judge_runs.learned_from import KnownItems
from annotation.models import JudgeItem, JudgeRun, Queue
from annotation.ratings.services import NewScore, rater_for_judge, submit_rating
from tests.conftest import Cast
from tests.support.desk import Desk, build_desk
from tests.support.judge_runs import judge_run, llm_judge
from tests.support.pages import html_of
from webapp.accounts.models import User
from webapp.llm.models import Endpoint
from webapp.runs.models import Status

PEOPLES = [1, 2, 3, 4, 4, 3, 2, 1, 2, 3, 4, 4]


@pytest.fixture
def judged(cast: Cast) -> tuple[Desk, JudgeRun]:
    """16 replies to eight people. Ana rated twelve; the judge gives all a level more."""
    ana = cast.annotators[0]
    at_desk = build_desk(cast, dialogues=8, overlap=1)
    at_desk.rate_first({ana: [{"empathy": level} for level in PEOPLES]})
    run = scored(at_desk, [level + 1 for level in [*PEOPLES, 2, 3, 3, 3]])
    return at_desk, run


def scored(at_desk: Desk, levels: list[int]) -> JudgeRun:
    """A finished judge run over the queue's items, in their order."""
    cast = at_desk.cast
    endpoint = Endpoint.objects.create(
        project=cast.project, name=at_desk.queue.name, base_url="http://127.0.0.1:9/v1", model="m"
    )
    judge = llm_judge(cast, endpoint)
    run = judge_run(cast, at_desk.version, judge, at_desk.queue.snapshot)
    assert at_desk.version.spec is not None
    by_target = {
        item.target_id: level
        for item, level in zip(at_desk.queue.items.order_by("position"), levels, strict=True)
    }
    for item in run.items.select_related("target"):
        item.rating = submit_rating(
            target=item.target,
            spec=at_desk.version.spec,
            rater=rater_for_judge(judge=judge),
            purpose="judge",
            scores=[NewScore("empathy", by_target[item.target_id])],
        ).rating
        item.state, item.ended_at = JudgeItem.State.DONE, timezone.now()
        item.save()
    JudgeRun.objects.filter(pk=run.pk).update(status=Status.SUCCEEDED)
    run.refresh_from_db()
    return run


def page(client: Client, run: JudgeRun, user: User) -> str:
    client.force_login(user)
    return html_of(client.get(reverse("judge_run_means", args=[run.project_id, run.pk])))


def test_a_judge_that_is_a_level_too_kind_is_seen(
    judged: tuple[Desk, JudgeRun], client: Client
) -> None:
    at_desk, run = judged
    lead = at_desk.cast.leads[0]
    empathy, asks, _ = means_of(run, at_desk.cast.member(lead))
    assert empathy.mean is not None and empathy.mean.shift is not None
    assert (empathy.mean.n, empathy.mean.of, empathy.mean.groups) == (12, 16, 6)
    assert empathy.mean.shift == pytest.approx(1.0)
    assert empathy.mean.is_too_high
    assert asks.mean is None, "the judge gave no level"
    text = page(client, run, lead)
    assert "too high, by 1.00" in text
    assert "12 of 16" in text and "The judge gave no level" in text
    whole = html_of(client.get(reverse("judge_run", args=[run.project_id, run.pk])))
    assert reverse("judge_run_means", args=[run.project_id, run.pk]) in whole


def test_the_api_says_the_same(judged: tuple[Desk, JudgeRun], client: Client) -> None:
    at_desk, run = judged
    client.force_login(at_desk.cast.leads[0])
    row = client.get(reverse("api_judge_run_means", args=[run.project_id, run.pk])).json()[
        "criteria"
    ][0]
    assert row["criterion"]["uid"] == "empathy"
    assert row["mean"]["shift"] == pytest.approx(1.0)
    assert row["mean"]["value"] + 1 == pytest.approx(row["mean"]["raw"])
    assert row["mean"]["off"]["low"] > 0


def test_what_the_judge_learned_from_is_left_out(
    judged: tuple[Desk, JudgeRun], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_desk, run = judged
    items = at_desk.queue.items.order_by("position").values_list("target_id", flat=True)
    known = frozenset(items[:4])

    def knows(judges: Any, targets: Any) -> Mapping[UUID, KnownItems]:
        assert known <= targets
        return {run.judge_id: KnownItems(known)}

    monkeypatch.setattr(corrected, "known_items", knows)
    member = at_desk.cast.member(at_desk.cast.leads[0])
    empathy = means_of(run, member)[0]
    assert empathy.mean is not None
    assert (empathy.mean.n, empathy.mean.of, empathy.left_out) == (8, 12, 4)
    assert empathy.mean.reason == "too few: people rated 8 of these, 10 are needed"
    text = page(client, run, at_desk.cast.leads[0])
    assert "People have rated 8 texts of this set that the judge did not learn from." in text


def test_without_ratings_the_page_says_what_to_do(cast: Cast, client: Client) -> None:
    at_desk = build_desk(cast)
    run = scored(at_desk, [1, 2, 3, 4, 5, 5])
    assert rated_by_people(means_of(run, cast.member(cast.leads[0]))) == 0
    text = page(client, run, cast.leads[0])
    assert "People have rated only texts of this set that the judge learned from, or none." in text
    assert "Make a queue of the set" in text
    assert "Make a queue" not in page(client, run, cast.clinicians[0])


def test_what_a_member_still_rates_counts_nowhere(judged: tuple[Desk, JudgeRun]) -> None:
    """A mean that moved would tell what others gave to it."""
    at_desk, run = judged
    lead = at_desk.cast.leads[1]
    Queue.objects.filter(pk=at_desk.queue.pk).update(overlap=2)
    held = desk.claim_next(queue=at_desk.queue, rater=at_desk.rater(lead))
    assert held is not None
    before = means_of(run, at_desk.cast.member(at_desk.cast.leads[0]))[0].mean
    seen = means_of(run, at_desk.cast.member(lead))[0].mean
    assert before is not None
    assert seen is None or seen.of < before.of


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    counts = []
    for dialogues in (4, 8):
        at_desk = build_desk(cast, dialogues=dialogues, overlap=1, name=f"Of {dialogues}")
        run = scored(at_desk, [3] * at_desk.queue.items.count())
        member = cast.member(cast.leads[0])
        with CaptureQueriesContext(
            connection,
        ) as found:
            means_of(run, member)
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_texts_that_people_differ_on_count(cast: Cast) -> None:
    """References leave them out; they are the hard ones."""
    ana, ben, _ = cast.annotators
    at_desk = build_desk(cast, dialogues=8)
    at_desk.rate_first(
        {
            ana: [{"empathy": level} for level in PEOPLES],
            ben: [{"empathy": level + 1} for level in PEOPLES],
        }
    )
    run = scored(at_desk, [3] * 16)
    empathy = means_of(run, cast.member(cast.leads[0]))[0]
    assert empathy.mean is not None
    assert empathy.mean.n == 12
    assert empathy.mean.value == pytest.approx(sum(PEOPLES) / 12 + 0.5)
