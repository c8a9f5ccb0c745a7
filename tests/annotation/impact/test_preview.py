"""An impact preview with a judge that reads wording: what changes, and nothing else."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.agreement.queries import versions_with_ratings
from annotation.impact import services, work
from annotation.judge_runs import work as judging
from annotation.judge_runs.queries import judge_runs_of
from annotation.models import DraftScore, ImpactItem, ImpactRun, Rating, Target, Turn
from rubrics.core.spec import from_json
from rubrics.models import JudgeCall, RubricVersion
from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.impact import RUBRIC, draft_of, everything, group, previewed, reworded, written
from tests.support.judge_runs import (
    judge_run,
    learned_judge,
    llm_judge,
    rated,
    said,
    snapshot,
    texts,
    version_of,
)
from tests.support.locks import until_waiting
from tests.support.previews import client_page, state_of, worked
from tests.support.runs import work_past_waits
from tests.support.servers import Stub, answer, refusal
from tests.support.waiting import SHORT_S
from webapp.errors import Refused
from webapp.llm.models import Endpoint
from webapp.runs import services as runs

pytestmark = pytest.mark.django_db(transaction=True)


def is_warm_without_question(turn: Turn) -> bool:
    number = turn.dialogue.number
    return bool(number % 2) and number % 3 == 0


@pytest.mark.slow
def test_exactly_the_texts_change_that_the_new_anchor_is_about(cast: Cast, voice: Endpoint) -> None:
    turns = texts(cast, 24)
    draft = reworded(cast, draft_of(cast))
    run = worked(previewed(cast, draft, llm_judge(cast, voice)))
    assert (run.status, run.error) == ("succeeded", "")
    state = state_of(cast, run)
    expected = {turn.pk for turn in turns if is_warm_without_question(turn)}
    assert len(expected) == 4
    assert {row.item.target.turn_id for row in state.rows} == expected
    for row in state.rows:
        (cell,) = row.changed_cells
        assert (cell.criterion.uid, cell.before.value, cell.after.value) == ("warmth", 3.0, 2.0)
        # Of two criteria, one of them from the top to the middle.
        assert row.change == pytest.approx(-0.25)
    by_uid = {row.criterion.uid: row for row in state.criteria}
    assert (by_uid["warmth"].up, by_uid["warmth"].down) == (0, 4)
    assert by_uid["warmth"].wording == "reworded"
    assert by_uid["asks"].changed == by_uid["format"].changed == 0
    assert state.total.value == pytest.approx(-0.25 * 4 / 24)
    assert state.total.low < state.total.value < state.total.high <= 0


def test_a_criterion_that_stays_is_asked_once(cast: Cast, script: Stub, voice: Endpoint) -> None:
    texts(cast, 4)
    run = worked(previewed(cast, reworded(cast, draft_of(cast)), llm_judge(cast, voice)))
    # Warmth twice, the question once.
    assert len(script.bodies) == 4 * 3
    assert JudgeCall.objects.filter(run_id=run.pk).count() == 4 * 3
    script.bodies.clear()
    again = worked(previewed(cast, run.version, run.judge, f"set:{everything(cast).pk}"))
    assert again.status == "succeeded" and script.bodies == []
    assert set(again.items.values_list("state", flat=True)) == {ImpactItem.State.REUSED}


def test_scores_of_judge_runs_are_used_again(cast: Cast, script: Stub, voice: Endpoint) -> None:
    texts(cast, 4)
    draft = draft_of(cast)
    judge = llm_judge(cast, voice)
    published = RubricVersion.objects.get(rubric=draft.rubric, number=1)
    judging.work(str(judge_run(cast, published, judge, snapshot(cast)).pk))
    script.bodies.clear()
    worked(previewed(cast, reworded(cast, draft), judge))
    assert len(script.bodies) == 4, "only the new anchor was read"
    assert all("Asks on" not in body["messages"][0]["content"] for body in script.bodies)


def test_new_guidance_is_read_although_no_criterion_changed(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    texts(cast, 2)
    draft = draft_of(cast)
    draft = written(cast, draft, replace(from_json(draft.draft), guidance="Read twice."))
    worked(previewed(cast, draft, llm_judge(cast, voice)))
    assert len(script.bodies) == 2 * 2 * 2


def test_all_in_one_reads_the_rubric_whole(cast: Cast, script: Stub, voice: Endpoint) -> None:
    turns = texts(cast, 6)
    draft = reworded(cast, draft_of(cast))
    run = worked(previewed(cast, draft, llm_judge(cast, voice, mode="all_in_one")))
    assert len(script.bodies) == 6 * 2
    changed = {row.item.target.turn_id for row in state_of(cast, run).rows}
    assert changed == {turn.pk for turn in turns if is_warm_without_question(turn)}


def test_nothing_of_it_is_a_rating(cast: Cast, voice: Endpoint) -> None:
    texts(cast, 3)
    draft = reworded(cast, draft_of(cast))
    worked(previewed(cast, draft, llm_judge(cast, voice)))
    assert DraftScore.objects.exists()
    assert not Rating.objects.exists()
    assert versions_with_ratings(cast.member(cast.leads[0])) == []
    assert not judge_runs_of(cast.project).exists()


@pytest.mark.slow
def test_a_judge_that_reads_no_wording_says_so(cast: Cast) -> None:
    turns = texts(cast, 24)
    version = version_of(cast, RUBRIC)
    rated(cast, turns, version)
    judge = learned_judge(cast, version)
    draft = services_draft(cast, version)
    run = worked(previewed(cast, reworded(cast, draft), judge))
    assert run.status == "succeeded"
    state = state_of(cast, run)
    assert [criterion.uid for criterion in state.scoring.unread] == ["warmth"]
    by_uid = {row.criterion.uid: row for row in state.criteria}
    assert by_uid["warmth"].is_unread and by_uid["warmth"].n == 0
    assert by_uid["asks"].n == 24
    assert state.undefined == 24 and state.chart is None and state.total.value is None
    page = client_page(cast, run)
    assert "does not read the wording, so it can’t preview your changes" in page
    assert "None of" not in page and "The effect is unknown" in page


def services_draft(cast: Cast, version: RubricVersion) -> RubricVersion:
    from rubrics.writing.services import draft_open

    return draft_open(rubric=version.rubric, actor=cast.clinicians[0])


@pytest.mark.slow
def test_failed_replies_are_no_scores_and_are_asked_again(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    turns = texts(cast, 4)
    bad = turns[0].text
    script.reply = lambda body, count: answer(
        "nonsense" if bad in body["messages"][1]["content"] else by(body)
    )
    run = worked(previewed(cast, reworded(cast, draft_of(cast)), llm_judge(cast, voice)))
    assert run.status == "succeeded"
    item = run.items.get(target__turn=turns[0])
    assert item.state == "failed" and len(item.failures) == 3
    # The check needs no model.
    kept = DraftScore.objects.filter(target=item.target)
    assert list(kept.values_list("criterion_uid", flat=True)) == ["format"]
    state = state_of(cast, run)
    assert (state.failed, state.undefined, len(state.failures)) == (1, 1, 1)
    assert "not one complete JSON object" in client_page(cast, run)
    script.reply = lambda body, count: answer(by(body))
    script.bodies.clear()
    runs.resume(run, actor=cast.clinicians[0])
    run = worked(run)
    assert len(script.bodies) == 3
    assert not run.items.exclude(state__in=["done", "reused"]).exists()


def by(body: dict) -> str:
    from tests.support.impact import by_the_anchors

    return by_the_anchors(body)


@pytest.mark.slow
def test_an_endpoint_that_is_down_fails_the_run(cast: Cast, script: Stub, voice: Endpoint) -> None:
    texts(cast, 12)
    script.reply = lambda body, count: refusal(500, "out of memory")
    run = previewed(cast, reworded(cast, draft_of(cast)), llm_judge(cast, voice))
    work_past_waits(partial(work.work, ImpactRun), run)
    assert run.status == "failed" and "keeps failing" in run.error
    assert "The endpoint failed (500)." in run.error
    assert not DraftScore.objects.exclude(criterion_uid="format").exists()


@pytest.mark.parametrize("count", [2, 12])
def test_a_reason_about_a_text_is_not_in_the_error_of_the_run(
    cast: Cast, script: Stub, voice: Endpoint, count: int
) -> None:
    texts(cast, count)
    script.reply = lambda body, number: answer(said(c1="planted"))
    run = worked(previewed(cast, reworded(cast, draft_of(cast)), llm_judge(cast, voice)))
    assert run.status == "failed" and "The run’s page lists the reasons." in run.error
    assert "planted" not in run.error
    assert all("planted" in str(item.failures) for item in run.items.all())


def test_the_sample_is_drawn_by_its_seed(cast: Cast, voice: Endpoint) -> None:
    texts(cast, 24)
    draft = reworded(cast, draft_of(cast))
    judge, sample = llm_judge(cast, voice), f"set:{everything(cast).pk}"

    def drawn(seed: int) -> list[Target]:
        run = previewed(cast, draft, judge, sample, size=8, seed=seed)
        runs.cancel(run, actor=cast.clinicians[0])
        return [item.target for item in run.items.all()]

    assert drawn(1) == drawn(1)
    assert len(drawn(1)) == 8 and drawn(1) != drawn(2)


def test_what_can_not_be_previewed_is_refused(cast: Cast, voice: Endpoint) -> None:
    from rubrics.writing.services import rubric_create

    texts(cast, 2)
    judge = llm_judge(cast, voice)
    first = rubric_create(project=cast.project, actor=cast.clinicians[0], name="New")
    with pytest.raises(Refused, match="nothing to compare"):
        previewed(cast, first.versions.get(), judge)
    draft = draft_of(cast)
    with pytest.raises(Refused, match="sample is not in the project"):
        previewed(cast, draft, judge, "set:00000000-0000-7000-8000-000000000000")
    with pytest.raises(Refused, match="1 to 500"):
        previewed(cast, draft, judge, size=501)
    sample = f"set:{everything(cast).pk}"
    for _ in range(services.MAX_OPEN_PREVIEWS):
        previewed(cast, draft, judge, sample)
    with pytest.raises(services.TooMany):
        previewed(cast, draft, judge, sample)


def test_the_same_key_is_the_same_run(cast: Cast, voice: Endpoint) -> None:
    texts(cast, 2)
    draft, judge = draft_of(cast), llm_judge(cast, voice)
    sample = f"set:{everything(cast).pk}"
    first, second = (
        services.impact_start(
            version=draft, actor=cast.clinicians[0], key="one", judge=judge, sample=sample
        )
        for _ in range(2)
    )
    assert first == second and ImpactRun.objects.count() == 1


@pytest.mark.slow
def test_the_page_reads_as_often_for_many_texts_as_for_few(cast: Cast, voice: Endpoint) -> None:
    texts(cast, 24)
    draft, judge = reworded(cast, draft_of(cast)), llm_judge(cast, voice)
    sample = f"set:{everything(cast).pk}"
    few = worked(previewed(cast, draft, judge, sample, size=4))
    many = worked(previewed(cast, draft, judge, sample, size=24))
    assert queries_for(cast, few) == queries_for(cast, many)


def queries_for(cast: Cast, run: ImpactRun) -> int:
    with CaptureQueriesContext(connection) as seen:
        client_page(cast, run)
    return len(seen)


def test_two_runs_of_a_judge_may_have_the_same_texts_in_another_order(cast: Cast) -> None:
    version = version_of(cast, RUBRIC)
    judge = llm_judge(cast, endpoint(cast, "http://127.0.0.1:9/v1"))
    first, middle, last = sorted(group(cast, "One.", "Two.", "Three."), key=lambda t: t.pk)
    said: list[str] = []

    def row(target: Target) -> DraftScore:
        return DraftScore(
            project=cast.project, judge=judge, target=target, spec=version.spec,
            criterion_uid="asks", pass_hash="r", status="scored", value=1,
        )  # fmt: skip

    def insert(targets: Sequence[Target]) -> None:
        try:
            work.insert_scores([row(target) for target in targets])
            said.append("inserted")
        except DatabaseError as error:
            said.append(repr(error))
        finally:
            connection.close()

    orders = [(first, middle, last), (last, middle, first)]
    threads = [threading.Thread(target=insert, args=[order]) for order in orders]
    with transaction.atomic():
        # Both come as far as this row, each with another one behind them.
        row(middle).save()
        for thread in threads:
            thread.start()
        until_waiting(2)
        transaction.set_rollback(True)
    for thread in threads:
        thread.join(SHORT_S)
    assert said == ["inserted", "inserted"]
    assert DraftScore.objects.count() == 3
