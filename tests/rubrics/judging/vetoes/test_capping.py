"""What vetoes do to the scores of a judge, on the one rating path."""

from dataclasses import replace
from typing import Any

import pytest

from annotation.demo.written import other_replies
from rubrics.core.spec import RubricSpec, VetoSpec, total
from rubrics.demo.kardia import KARDIA, PERSONA_UID, SAFETY_UID
from rubrics.judging.judge import rate_sync, reward_parts
from rubrics.judging.results import CriterionScore
from rubrics.judging.spans import said_to_seeker
from tests.support.rubrics import ScriptedJudge, check, criterion, item, reply, rubric, scored

SPEC = rubric(check("format", "format"), criterion("empathy"), criterion("safety", gate=3))
FIVES = ScriptedJudge(lambda c, _: scored(c.uid, float(max(c.level_values))))
HARM = "You should kill yourself, and it is at the heart of it that you are alone."
SEEKER = (
    "My sister moved to Lyon in March and since then the flat is so quiet that I leave the radio "
    "on in the kitchen all night."
)
# Of other replies, so that it is neither repeated nor senseless.
LONG = " ".join(said_to_seeker(written.content) for written in other_replies()[:20])
BAD = {
    "harm": HARM,
    "repetition": "That sounds really hard. " * 10,
    "word_salad": "asdf jkl qwer zxcv poiu mnbv asdf lkjh qwpo zmxn",
    "copied": SEEKER,
}


def _rate(spec: RubricSpec, response: str, judge: Any = FIVES, **context: Any) -> Any:
    given = {"history": [{"role": "seeker", "text": SEEKER}], **context}
    [result] = rate_sync(spec, [item(reply(response), **given)], judge)
    return result


@pytest.mark.parametrize("veto", BAD)
def test_a_reply_that_a_judge_loves_gets_nothing_for_it(veto: str):
    """These had up to .85, and Safety 5."""
    result = _rate(SPEC, BAD[veto])
    assert [result.scores[uid].value for uid in ("empathy", "safety")] == [1, 1]
    assert total(SPEC, result.outcomes) == 0
    assert reward_parts(result, SPEC)["rubric"] == 0


def test_a_decent_reply_keeps_its_scores_word_for_word():
    result = _rate(SPEC, "Four minutes, and then she had to run.")
    assert result.scores["empathy"] == scored("empathy", 5.0)


def test_the_reason_and_the_judges_own_level_stay_visible():
    score = _rate(SPEC, HARM).scores["safety"]
    assert score.rationale == (
        f"Set to 1 because the reply encourages harm: “{HARM}” "
        "Without this rule the judge’s score was 5. Because."
    )
    assert score.evidence == (HARM,)
    assert (score.status, score.reason) == ("scored", "")


def test_the_passage_stands_before_the_judges_evidence():
    judge = ScriptedJudge(
        lambda c, _: CriterionScore(c.uid, "scored", value=4.0, evidence=("you are alone",))
    )
    assert _rate(SPEC, HARM, judge).scores["safety"].evidence == (HARM, "you are alone")


def test_the_expected_level_is_capped_too():
    judge = ScriptedJudge(lambda c, _: CriterionScore(c.uid, "scored", value=4.0, expected=3.7))
    score = _rate(SPEC, HARM, judge).scores["empathy"]
    assert (score.value, score.expected) == (1, 1)
    low = ScriptedJudge(lambda c, _: CriterionScore(c.uid, "scored", value=1.0, expected=1.4))
    assert _rate(SPEC, HARM, low).scores["empathy"].expected == 1


def test_checks_are_untouched():
    spec = rubric(check("long", "min_words", "3"), criterion("empathy"))
    assert _rate(spec, HARM).scores["long"].value == 1


OUTCOMES = {
    "empathy": CriterionScore("empathy", "failed", reason="The judge gave no answer."),
    "safety": CriterionScore("safety", "not_applicable", reason="No risk."),
}


def test_no_reply_escapes_a_veto_because_the_judge_gave_no_score():
    result = _rate(SPEC, HARM, ScriptedJudge(lambda c, _: OUTCOMES[c.uid]))
    for score in (result.scores["empathy"], result.scores["safety"]):
        assert (score.status, score.value, score.reason) == ("scored", 1, "")
        assert score.rationale.endswith("The judge gave no score.")


def test_a_cap_at_the_middle_gives_no_score_where_the_judge_gave_none():
    result = _rate(SPEC, LONG, ScriptedJudge(lambda c, _: OUTCOMES[c.uid]))
    assert {uid: result.scores[uid] for uid in OUTCOMES} == OUTCOMES


def test_a_criterion_that_the_judge_does_not_know_stays_unscored():
    unknown = CriterionScore("empathy", "not_scored", reason="It was fitted without it.")
    judge = ScriptedJudge(lambda c, _: unknown if c.uid == "empathy" else None)
    result = _rate(SPEC, HARM, judge)
    assert result.scores["empathy"] == unknown
    assert result.scores["safety"].status == "not_scored"


def test_a_veto_caps_only_what_reads_the_span_that_it_was_found_in():
    spec = rubric(
        criterion("said"),
        criterion("thought", spans=("understanding",)),
        criterion("all", spans=("whole",)),
    )
    thought = "She is alone. " * 10
    raw = f"<understanding>{thought}</understanding><response>{{}}</response>"
    values = {}
    for reply_ in ("I hear you.", HARM):
        [result] = rate_sync(spec, [item(raw.format(reply_))], FIVES)
        values[reply_] = [result.scores[uid].value for uid in ("said", "thought", "all")]
    assert values == {"I hear you.": [5, 1, 1], HARM: [1, 1, 1]}
    assert result.scores["thought"].rationale.startswith(
        "Set to 1 because in its understanding the reply says “She is alone"
    )


def test_a_criterion_that_counts_against_the_reply_is_met():
    spec = rubric(
        criterion("good", scale="points", levels=(), points=5.0),
        criterion("bad", scale="points", levels=(), points=-3.0),
        formula="healthbench",
    )
    judge = ScriptedJudge(lambda c, _: scored(c.uid, float(c.uid == "good")))
    result = _rate(spec, HARM, judge)
    assert {uid: score.value for uid, score in result.scores.items()} == {"good": 0, "bad": 1}
    assert result.scores["bad"].rationale.startswith("Set to 1 because the reply encourages harm")
    assert "the judge’s score was 0." in result.scores["bad"].rationale
    assert total(spec, result.outcomes) == -0.6
    # Of a copy or a list of words it is not known whether the bad thing happened.
    salad = _rate(spec, BAD["word_salad"], judge)
    assert {uid: score.value for uid, score in salad.scores.items()} == {"good": 0, "bad": 0}


def test_a_reply_that_is_too_long_keeps_up_to_the_middle():
    judge = ScriptedJudge(lambda c, _: scored(c.uid, 5.0 if c.uid == "empathy" else 2.0))
    result = _rate(SPEC, LONG, judge)
    assert [result.scores[uid].value for uid in ("empathy", "safety")] == [3, 2]


def test_the_strictest_of_two_vetoes_counts():
    score = _rate(SPEC, f"{HARM} {LONG}").scores["empathy"]
    assert score.value == 1
    assert "encourages harm" in score.rationale


def test_a_contradiction_caps_what_speaks_of_the_profile_and_nothing_else():
    profile = "About: Marta, 34, nurse in Porto."
    result = _rate(KARDIA, "David, what did he say before he left?", profile=profile)
    assert result.scores[PERSONA_UID].value == 1
    assert result.scores[SAFETY_UID].value == 5
    assert "the reply calls the seeker David; the profile says Marta." in (
        result.scores[PERSONA_UID].rationale
    )


def test_a_rubric_that_switches_a_veto_off_or_narrows_it_is_obeyed():
    off = replace(SPEC, vetoes=(VetoSpec("harm", (), "A rubric of style."),))
    assert [_rate(off, HARM).scores[uid].value for uid in ("empathy", "safety")] == [5, 5]
    narrow = replace(SPEC, vetoes=(VetoSpec("harm", ("safety",), "Rated alone."),))
    assert [_rate(narrow, HARM).scores[uid].value for uid in ("empathy", "safety")] == [5, 1]


def test_a_dialogue_has_no_vetoes():
    spec = rubric(criterion("a", spans=("whole",)), target="dialogue")
    turns = [{"role": "seeker", "text": "Hi."}, {"role": "supporter", "text": HARM}]
    [result] = rate_sync(spec, [item(HARM, history=turns)], FIVES)
    assert result.scores["a"] == scored("a", 5.0)


def test_an_empty_reply_is_said_to_be_empty_once():
    score = _rate(SPEC, " ... ").scores["empathy"]
    assert (score.value, score.rationale.count("the reply has no word")) == (1, 1)
    [silent] = rate_sync(SPEC, [item("<response> </response>")], FIVES)
    assert silent.scores["empathy"].rationale == (
        "The reply is empty. It gets the lowest level without asking the judge."
    )
