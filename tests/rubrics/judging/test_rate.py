"""The one rating path."""

import asyncio

from rubrics.core.spec import total
from rubrics.judging.judge import rate, rate_sync, reward_parts
from tests.support.rubrics import ScriptedJudge, check, criterion, item, reply, rubric, scored

SPEC = rubric(
    check("format", "format"),
    criterion("empathy"),
    criterion("reasoning", spans=("reasoning",)),
)
FOURS = ScriptedJudge(lambda c, _: scored(c.uid, 4.0))


def test_checks_and_judge_come_together_in_the_order_of_the_rubric():
    [result] = rate_sync(SPEC, [item(reply())], FOURS)
    assert list(result.scores) == ["format", "empathy", "reasoning"]
    assert [score.value for score in result.scores.values()] == [1.0, 4.0, 4.0]


def test_results_keep_the_order_and_number_of_the_inputs():
    judge = ScriptedJudge(lambda c, one: scored(c.uid, 5.0 if "gold" in one.key else 2.0))
    inputs = [item(reply(), "a"), item("", "b"), item(reply(), "gold"), item(reply(), "a")]
    results = asyncio.run(rate(SPEC, inputs, judge))
    assert [result.key for result in results] == ["a", "b", "gold", "a"]
    assert [result.scores["empathy"].value for result in results] == [2, 1, 5, 2]


def test_an_empty_reply_gets_the_lowest_level_without_a_judge():
    judge = ScriptedJudge(lambda c, _: scored(c.uid, 5.0))
    [result] = rate_sync(SPEC, [item("<response> </response>")], judge)
    assert judge.asked == []
    assert {score.status for score in result.scores.values()} == {"scored"}
    assert reward_parts(result, SPEC)["total"] == 0


def test_what_the_judge_leaves_out_is_not_scored():
    judge = ScriptedJudge(lambda c, _: scored(c.uid, 4.0) if c.uid == "empathy" else None)
    [result] = rate_sync(SPEC, [item(reply())], judge)
    assert result.scores["reasoning"].status == "not_scored"
    assert reward_parts(result, SPEC)["rubric"] is None


def test_a_missing_span_gets_the_lowest_level():
    """Leaving out a span that is rated 2 of 5 must not raise the total from 0.5 to 0.75."""
    levels = {"empathy": 4.0, "reasoning": 2.0}
    judge = ScriptedJudge(lambda c, _: scored(c.uid, levels[c.uid]))
    whole, without = rate_sync(SPEC, [item(reply()), item("I hear you.")], judge)
    assert reward_parts(whole, SPEC)["rubric"] == 0.5
    assert (without.scores["reasoning"].status, without.scores["reasoning"].value) == ("scored", 1)
    assert "does not have the spans" in without.scores["reasoning"].rationale
    assert reward_parts(without, SPEC)["rubric"] == 0.375


def test_leaving_out_the_understanding_does_not_raise_the_total():
    """1 and 0.25 have the mean 0.625; without the understanding it is 0.5, and not 1."""
    spec = rubric(criterion("empathy"), criterion("u", spans=("understanding",)))
    judge = ScriptedJudge(lambda c, _: scored(c.uid, 5.0 if c.uid == "empathy" else 2.0))
    whole, without = rate_sync(spec, [item(reply()), item("I hear you.")], judge)
    assert (total(spec, whole.outcomes), total(spec, without.outcomes)) == (0.625, 0.5)


def test_reasoning_that_is_cut_is_no_better_than_reasoning_that_was_closed():
    """The reply ends in its reasoning: with and without the closing mark it has no response."""
    begun = "<understanding>Low.</understanding><reasoning>Private: she exaggerates"
    judge = ScriptedJudge(lambda c, _: scored(c.uid, 5.0))
    cut, closed = rate_sync(SPEC, [item(begun), item(f"{begun}</reasoning>")], judge)
    assert reward_parts(cut, SPEC)["total"] == reward_parts(closed, SPEC)["total"] == 0
    assert judge.asked == []


def test_a_reward_is_never_below_0():
    spec = rubric(
        criterion("good", scale="points", levels=(), points=5.0),
        criterion("bad", scale="points", levels=(), points=-8.0),
        formula="healthbench",
    )
    judge = ScriptedJudge(lambda c, _: scored(c.uid, float(c.uid == "bad")))
    [result] = rate_sync(spec, [item(reply())], judge)
    assert total(spec, result.outcomes) == -1.6
    assert reward_parts(result, spec)["rubric"] == 0


def test_a_draft_without_levels_is_not_scored():
    [result] = rate_sync(rubric(criterion("a", levels=())), [item(reply())], FOURS)
    assert result.scores["a"].status == "not_scored"


def test_a_dialogue_is_judged_by_its_supporter_turns():
    spec = rubric(criterion("a", spans=("whole",)), target="dialogue")
    turns = [{"role": "seeker", "text": "Hi."}, {"role": "supporter", "text": "Hello."}]
    [result] = rate_sync(spec, [item("", history=turns)], FOURS)
    assert result.scores["a"].value == 4
    [silent] = rate_sync(spec, [item("", history=turns[:1])], FOURS)
    assert silent.scores["a"].status == "not_applicable"


def test_a_reward_without_checks_is_the_rubric():
    spec = rubric(criterion("a"))
    [result] = rate_sync(spec, [item("I hear you.")], FOURS)
    assert reward_parts(result, spec) == {
        "format": None,
        "emotion": None,
        "rubric": 0.75,
        "total": 0.75,
    }
