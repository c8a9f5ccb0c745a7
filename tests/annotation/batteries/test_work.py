"""A judge rates the battery, and the report is made of what it gave."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from annotation.batteries import cases
from annotation.batteries import work as trying
from annotation.calls.queries import visible_calls
from annotation.models import BatteryItem, Rating
from rubrics.judges import opening
from rubrics.judging.battery.case import PLAIN, Case
from rubrics.judging.battery.report import Report, from_json
from rubrics.models import JudgeCall
from tests.conftest import Cast
from tests.support.batteries import (
    answering,
    battery_run,
    fair,
    generous,
    judged,
    reader,
    scores_of,
    still_rates,
    support,
    tried,
)
from tests.support.generation import endpoint
from tests.support.judge_runs import learned_judge, llm_judge, rated, said, texts, version_of
from tests.support.runs import work_past_waits
from tests.support.servers import Stub, answer, refusal, serve
from webapp.llm.clients import open_client
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs

pytestmark = pytest.mark.django_db(transaction=True)

HIGH = said(c1=5, c2=5)


@pytest.fixture
def script() -> Stub:
    return Stub(lambda body, count: answer(HIGH))


@pytest.fixture
def voice(cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(opening, "open_client", partial(open_client, retries=0, cooldown_s=0.05))
    with serve(script.app) as url:
        yield endpoint(cast, url)


def report_of(run: Any) -> Report:
    assert run.report is not None, run.error
    return from_json(run.report)


def test_a_fair_judge_passes(
    cast: Cast, small: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = support(cast)
    answering(monkeypatch, fair)
    run = tried(cast, reader(cast))
    assert (run.status, run.error) == ("succeeded", "")
    report = report_of(run)
    assert report.passed, report.reasons
    assert version.spec is not None
    assert (report.spec_hash, report.held_to_levels) == (version.spec.hash, ("Empathy",))
    assert sum(group.n for group in report.groups) == len(small) == judged(run)
    plain = next(case for case in small if case.kind == PLAIN)
    assert scores_of(run)[plain.id] == {
        "empathy": {"status": "scored", "value": 4.0},
        "warmth": {"status": "scored", "value": 4.0},
    }
    # A try is no rating, and every case was read once.
    assert not Rating.objects.exists()
    assert JudgeCall.objects.filter(run_id=run.pk).count() == len(small)


@pytest.mark.usefixtures("small")
@pytest.mark.usefixtures("without_vetoes")
def test_a_generous_judge_does_not_pass(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    support(cast)
    answering(monkeypatch, generous)
    run = tried(cast, reader(cast))
    report = report_of(run)
    assert run.status == "succeeded" and not report.passed
    garbage = next(group for group in report.groups if group.kind == "garbage")
    assert (garbage.wrong, garbage.mean_total) == (garbage.n, 1.0)


@pytest.mark.usefixtures("small")
def test_a_learned_judge_is_tried(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    run = tried(cast, learned_judge(cast, version))
    assert (run.status, run.error) == ("succeeded", "")
    report = report_of(run)
    assert report.held_to_levels == () and report.median_own is not None
    assert all(group.unscored == 0 for group in report.groups)
    assert not ModelCall.objects.filter(run_id=run.pk).exists()


def test_a_language_model_is_asked_by_its_endpoint_and_its_calls_are_kept(
    cast: Cast, small: tuple[Case, ...], script: Stub, voice: Endpoint
) -> None:
    support(cast)
    run = tried(cast, llm_judge(cast, voice, mode="all_in_one"))
    assert (run.status, run.error) == ("succeeded", "")
    # Nobody asks about a reply without a word.
    said_something = [case for case in small if case.context["candidate"]["response"].strip()]
    assert len(script.bodies) == len(said_something)
    calls = ModelCall.objects.filter(run_id=run.pk, purpose="judge")
    assert calls.count() == len(said_something)
    item = run.items.select_related("judge_call").get(case="garbage 1")
    assert item.judge_call is not None
    assert calls.filter(made_for=item.judge_call_id).count() == 1
    assert not report_of(run).passed


@pytest.mark.usefixtures("small")
def test_whoever_still_rates_the_same_words_does_not_see_the_call(
    cast: Cast, voice: Endpoint
) -> None:
    support(cast)
    run = tried(cast, llm_judge(cast, voice, mode="all_in_one"))
    seeing, blind = cast.leads
    still_rates(cast, blind, run, cases.by_id()["own reply 1"].reply)
    call = run.items.get(case="own reply 1").judge_call_id
    other = run.items.get(case="own reply 2").judge_call_id
    assert visible_calls(cast.member(seeing)).filter(made_for=call).exists()
    seen = visible_calls(cast.member(blind))
    assert not seen.filter(made_for=call).exists() and seen.filter(made_for=other).exists()


def test_an_endpoint_that_goes_away_fails_the_run_which_goes_on_with_the_rest(
    cast: Cast, small: tuple[Case, ...], script: Stub, voice: Endpoint
) -> None:
    support(cast)
    script.reply = lambda body, count: answer(HIGH) if count <= 8 else refusal(500, "out of memory")
    run = battery_run(cast, llm_judge(cast, voice, mode="all_in_one"))
    work_past_waits(trying.work, run)
    assert run.status == "failed" and run.report is None
    assert "keeps failing" in run.error and "out of memory" in run.error
    kept = judged(run)
    assert 8 <= kept < len(small)
    script.reply = lambda body, count: answer(HIGH)
    script.bodies.clear()
    runs.resume(run, actor=cast.leads[0])
    trying.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error) == ("succeeded", "")
    assert len(script.bodies) <= len(small) - kept
    assert judged(run) == len(small)


@pytest.mark.usefixtures("small", "without_vetoes")
def test_a_reply_without_a_score_has_its_reason_and_is_asked_again(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    support(cast)
    garbage = cases.by_id()["garbage 1"].reply
    script.reply = lambda body, count: answer(
        "?" if garbage in body["messages"][-1]["content"] else HIGH
    )
    run = tried(cast, llm_judge(cast, voice, mode="all_in_one"))
    assert run.status == "succeeded"
    failed = run.items.get(state=BatteryItem.State.FAILED)
    assert failed.case == "garbage 1" and failed.error
    group = next(group for group in report_of(run).groups if group.kind == "garbage")
    assert (group.n, group.unscored) == (3, 1)
    script.reply = lambda body, count: answer(HIGH)
    script.bodies.clear()
    runs.resume(run, actor=cast.leads[0])
    trying.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, len(script.bodies)) == ("succeeded", 1)
    group = next(group for group in report_of(run).groups if group.kind == "garbage")
    assert (group.n, group.unscored) == (3, 0)


@pytest.mark.usefixtures("small")
def test_a_judge_whose_answers_give_no_score_fails_the_run(
    cast: Cast, script: Stub, voice: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "GIVE_UP_AFTER", 4)
    support(cast)
    script.reply = lambda body, count: answer("I would rather not say.")
    run = tried(cast, llm_judge(cast, voice, mode="all_in_one"))
    assert run.status == "failed" and run.report is None
    assert "replies in a row got no score" in run.error


@pytest.mark.usefixtures("small")
def test_a_worker_leaves_cases_alone_that_have_changed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    support(cast)
    judge = answering(monkeypatch, fair)
    run = battery_run(cast, reader(cast))
    monkeypatch.setattr(cases, "battery_hash", lambda: "x" * 64)
    trying.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "failed" and "The battery has changed" in run.error
    assert not judge.asked
