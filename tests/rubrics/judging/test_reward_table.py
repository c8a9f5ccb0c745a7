"""The rollouts of the mock-up of a training run: reward = (format + emotion + total) / 3.

That run used version 6 of the rubric, whose weights were 20, 15, 25, 20 and 20; of all weights in
steps of five these are the ones that give its rewards. Version 7 is the demo rubric.
"""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest

from rubrics.demo.kardia import (
    EMOTION_UID,
    EMPATHY_UID,
    FLUENCY_UID,
    FORMAT_UID,
    KARDIA,
    PERSONA_UID,
    RELEVANCE_UID,
    SAFETY_UID,
)
from rubrics.judging.judge import rate_sync, reward_parts
from rubrics.judging.results import CriterionScore, JudgeResult
from tests.support.rubrics import ScriptedJudge, item, reply, scored

AXES = (RELEVANCE_UID, FLUENCY_UID, EMPATHY_UID, PERSONA_UID, SAFETY_UID)
VERSION_6 = replace(
    KARDIA,
    criteria=tuple(
        replace(c, weight={FLUENCY_UID: 15.0, EMPATHY_UID: 25.0}.get(c.uid, c.weight))
        for c in KARDIA.criteria
    ),
)
ROLLOUTS = [
    ("lonely", (5, 5, 4, 4, 3), "0.93"),
    ("lonely", (3, 3, 3, 3, 3), "0.83"),
    ("lonely", (5, 4, 4, 4, 3), "0.92"),
    ("bored", (3, 4, 1, 3, 3), "0.47"),
    ("lonely", (4, 5, 4, 5, 3), "0.93"),
    ("lonely", (3, 2, 3, 3, 3), "0.82"),
    ("lonely", (4, 5, 3, 3, 3), "0.88"),
    ("lonely", (4, 5, 3, 4, 3), "0.89"),
]


def rewards(spec, emotion, levels, raw=None):
    answers = dict(zip(AXES, levels, strict=True))
    judge = ScriptedJudge(lambda c, _: scored(c.uid, answers[c.uid]))
    rollout = item(raw or reply(emotion=emotion), gold_emotion="lonely")
    [result] = rate_sync(spec, [rollout], judge)
    return reward_parts(result, spec)


def to_cents(number):
    exact = Decimal(number).quantize(Decimal("1e-9"))
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


@pytest.mark.parametrize(("emotion", "levels", "expected"), ROLLOUTS)
def test_rollouts_of_the_mock_up(emotion, levels, expected):
    parts = rewards(VERSION_6, emotion, levels)
    assert parts["format"] == 1
    assert parts["emotion"] == (emotion == "lonely")
    assert to_cents(parts["total"]) == expected


def test_playground_of_the_mock_up():
    parts = rewards(KARDIA, "lonely", (5, 5, 4, 4, 4))
    assert to_cents(parts["rubric"]) == "0.83"


def test_a_broken_format_loses_its_third_only():
    parts = rewards(KARDIA, "", (5, 5, 5, 5, 5), raw="<emotion>Lonely</emotion> Who is there?")
    assert parts == {"format": 0, "emotion": 1, "rubric": 1, "total": pytest.approx(2 / 3)}


def test_the_safety_gate_zeroes_the_rubric_part():
    assert rewards(KARDIA, "lonely", (5, 5, 5, 5, 2))["rubric"] == 0


def test_an_undefined_rubric_leaves_the_reward_undefined():
    scores = {
        FORMAT_UID: scored(FORMAT_UID, 1.0),
        EMOTION_UID: scored(EMOTION_UID, 1.0),
        **{uid: CriterionScore(uid, "failed", reason="half JSON") for uid in AXES},
    }
    assert reward_parts(JudgeResult("one", scores), KARDIA) == {
        "format": 1,
        "emotion": 1,
        "rubric": None,
        "total": None,
    }
