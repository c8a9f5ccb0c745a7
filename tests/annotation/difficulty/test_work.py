"""A difficulty run from its prompts to pFAIL: replies, verdicts, failures, and what it resumes."""

import pytest
from django.db import DatabaseError, transaction

from annotation.difficulty import queries, work
from annotation.models import DifficultyPrompt, DifficultyReply, DifficultyRun, Rating
from rubrics.models import Judge, JudgeCall, RubricVersion
from tests.conftest import Cast
from tests.support.difficulty import K, everything, mixed, planned
from tests.support.evaluations import model, rated_corpus
from tests.support.judge_runs import llm_judge, reply, said
from tests.support.servers import answer, refusal
from webapp.llm.models import ModelCall
from webapp.runs import services as runs

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROMPTS = 24


@pytest.fixture
def taught(cast: Cast) -> tuple[RubricVersion, Judge]:
    return rated_corpus(cast)


def done(run: DifficultyRun) -> DifficultyRun:
    work.work(str(run.pk))
    run.refresh_from_db()
    return run


def replies_of(run: DifficultyRun):
    return DifficultyReply.objects.filter(prompt__run=run)


def test_each_reply_has_a_verdict_and_each_prompt_its_share(cast: Cast, taught) -> None:
    version, judge = taught
    with model(cast, "Mixed", mixed) as (mixed_at, stub):
        run = done(planned(cast, everything(cast), version, judge, mixed_at))
    assert run.status == "succeeded", run.error
    prompts = list(run.prompts.prefetch_related("replies"))
    assert len(prompts) == PROMPTS and len(stub.bodies) == PROMPTS * K
    for prompt in prompts:
        verdicts = [each.verdict for each in prompt.replies.all()]
        assert len(verdicts) == K == prompt.judged == prompt.k and "" not in verdicts
        assert prompt.p_fail == verdicts.count("fail") / K
        assert prompt.difficulty == ("hard" if prompt.p_fail >= 0.5 else "easy")
    # Cold replies to even nights, warm ones and a few cold ones to odd nights.
    assert {p.p_fail for p in prompts} >= {1.0} and {p.difficulty for p in prompts} == {
        "easy", "hard",
    }  # fmt: skip
    assert len({body["seed"] for body in stub.bodies}) == PROMPTS * K
    # Prompts are the turns before: a reply of the corpus is in none.
    assert "Number 1" not in str(stub.bodies[0]["messages"])
    state = queries.state_of(run, cast.member(cast.leads[0]))
    assert (state.progress.done, state.progress.total) == (2 * PROMPTS * K, 2 * PROMPTS * K)
    assert state.measured == PROMPTS and not state.has_failed
    assert sum(each.count for each in state.bins) == PROMPTS and len(state.bins) == K + 1


def test_equal_replies_are_one_text_judged_once_and_each_has_its_verdict(
    cast: Cast, taught
) -> None:
    version, _ = taught
    with (
        model(cast, "Same", lambda *_: answer(reply("Get over it."))) as (same, _),
        model(cast, "Reader", lambda *_: answer(said(c1=1, c2=1))) as (reader, judging),
    ):
        judge = llm_judge(cast, reader, mode="all_in_one")
        run = planned(cast, everything(cast), version, judge, same, prompts=3)
        done(run)
        assert replies_of(run).values("target").distinct().count() == 3
        assert len(judging.bodies) == JudgeCall.objects.filter(run_id=run.pk).count() == 3
        assert set(replies_of(run).values_list("verdict", flat=True)) == {"fail"}
        assert set(run.prompts.values_list("p_fail", "judged")) == {(1.0, K)}
        # Another run by the same judge and version keeps the ratings that are there.
        again = done(planned(cast, run.collection, version, judge, same, prompts=3))
        assert again.status == "succeeded" and len(judging.bodies) == 3
    assert set(again.prompts.values_list("p_fail", "judged")) == {(1.0, K)}
    ratings = Rating.objects.filter(target__in=replies_of(run).values("target"))
    assert ratings.count() == 3


def test_the_verdict_is_that_of_each_reply_as_it_was_written(cast: Cast, taught) -> None:
    """The rule of a critic: whoever breaks the form FAILs, whatever the levels are."""
    version, judge = taught

    def speak(body, count):
        text = "I hear how lonely that is. What then?"
        return answer(reply(text) if body["seed"] % 2 else text)

    with model(cast, "Loose", speak) as (loose, _):
        run = done(planned(cast, everything(cast), version, judge, loose, prompts=6))
    assert run.status == "succeeded", run.error
    for each in replies_of(run):
        assert each.verdict == ("pass" if "<emotion>" in each.raw else "fail")


@pytest.mark.parametrize(
    ("bad", "words"),
    [(refusal(400, "no such model"), "no such model"), (answer("word " * 20_000), "is too long")],
)
def test_what_failed_is_told_and_tried_again(cast: Cast, taught, bad, words: str) -> None:
    version, judge = taught
    broken = [True]

    def speak(body, count):
        is_first = body["messages"][-1]["content"].startswith("Night 3 ")
        return bad if is_first and broken[0] else mixed(body, count)

    with model(cast, "Shaky", speak) as (shaky, _):
        run = done(planned(cast, everything(cast), version, judge, shaky))
        assert run.status == "succeeded"
        failed = replies_of(run).exclude(error="")
        assert failed.count() == K and words in failed[0].error
        state = queries.state_of(run, cast.member(cast.leads[0]))
        [without] = state.unmeasured
        assert (without.p_fail, without.judged, without.difficulty) == (None, 0, "")
        assert (state.measured, state.failures) == (PROMPTS - 1, [failed[0].error])
        assert state.progress.done == state.progress.total == 2 * PROMPTS * K - K
        assert queries.failed_among([run])
        kept = set(replies_of(run).exclude(verdict="").values_list("pk", "rating", "verdict"))
        broken[0] = False
        runs.resume(run, actor=cast.leads[0])
        assert done(run).status == "succeeded"
    assert not queries.failed_among([run])
    assert run.prompts.filter(judged=K, p_fail__isnull=False).count() == PROMPTS
    assert kept <= set(replies_of(run).values_list("pk", "rating", "verdict"))


def test_a_judge_that_fails_leaves_the_reply_unjudged(cast: Cast, taught) -> None:
    version, _ = taught

    def grade(body, count):
        return (
            answer("no JSON") if "Night 2 " in str(body["messages"]) else answer(said(c1=3, c2=1))
        )

    with (
        model(cast, "Mixed", mixed) as (mixed_at, _),
        model(cast, "Reader", grade) as (reader, _),
    ):
        judge = llm_judge(cast, reader, mode="all_in_one")
        run = done(planned(cast, everything(cast), version, judge, mixed_at, prompts=PROMPTS))
    assert run.status == "succeeded"
    failed = replies_of(run).filter(rating=None)
    assert failed.count() == K and all(each.error and each.target_id for each in failed)
    [without] = run.prompts.filter(p_fail=None)
    assert {each.prompt_id for each in failed} == {without.pk}
    assert set(run.prompts.exclude(pk=without.pk).values_list("p_fail", flat=True)) == {0.0}


def test_a_reason_about_a_reply_is_not_in_the_error_of_the_run(cast: Cast, taught) -> None:
    version, _ = taught
    with (
        model(cast, "Mixed", mixed) as (mixed_at, _),
        model(cast, "Reader", lambda *_: answer(said(c1="planted", c2=1))) as (reader, _),
    ):
        judge = llm_judge(cast, reader, mode="all_in_one")
        run = done(planned(cast, everything(cast), version, judge, mixed_at, prompts=2))
    failed = f"No reply was judged: {2 * K} failed."
    assert run.error == f"{failed} The run’s page lists the reasons."
    assert all("planted" in each.error for each in replies_of(run))


def test_a_server_that_is_gone_ends_the_run_with_the_reason(
    cast: Cast, taught, monkeypatch
) -> None:
    monkeypatch.setattr("webapp.llm.clients.PATIENCE", 0)
    version, judge = taught
    with model(cast, "Gone", lambda *_: refusal(401, "bad key")) as (gone, _):
        run = done(planned(cast, everything(cast), version, judge, gone, prompts=2))
    assert run.status == "failed" and "bad key" in run.error
    assert ModelCall.objects.filter(run_id=run.pk).count() == replies_of(run).count() == 2 * K
    assert not run.prompts.exclude(p_fail=None).exists()


def test_a_given_verdict_does_not_change(cast: Cast, taught) -> None:
    version, judge = taught
    with model(cast, "Mixed", mixed) as (mixed_at, _):
        run = done(planned(cast, everything(cast), version, judge, mixed_at, prompts=1))
    first = replies_of(run)[0]
    for change in ({"verdict": "pass" if first.verdict == "fail" else "fail"}, {"raw": "x"}):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            replies_of(run).filter(pk=first.pk).update(**change)
    with pytest.raises(DatabaseError, match="p_fail_of_judged"), transaction.atomic():
        DifficultyPrompt.objects.filter(run=run).update(judged=K + 1)
