import pytest

from rubrics.judging.checks import run_check
from tests.support.rubrics import check, context, reply, rubric


def run(which, raw, argument="", spans=("response",), **changes):
    criterion = check("c", which, argument, spans=spans)
    return run_check(rubric(criterion), criterion, context(raw, **changes))


def test_format():
    assert run("format", reply()).value == 1
    broken = run("format", "I hear you.")
    assert broken.value == 0
    assert broken.rationale == "The reply has none of the four spans."


@pytest.mark.parametrize(
    ("named", "value"),
    [("Lonely", 1), (" lonely\n", 1), ("lonely, sad", 0), ("alone", 0), ("lone\u200bly", 0)],
)
def test_emotion_match_is_exact_up_to_case_and_space(named, value):
    assert run("emotion_match", reply(emotion=named), gold_emotion="lonely").value == value


def test_emotion_match_compares_normal_forms():
    assert run("emotion_match", reply(emotion="e\u0301mu"), gold_emotion="Ému").value == 1


def test_emotion_match_without_a_known_emotion_is_not_applicable():
    score = run("emotion_match", reply())
    assert (score.status, score.value) == ("not_applicable", None)


def test_emotion_match_never_tells_the_gold_emotion():
    score = run("emotion_match", reply(emotion="bored"), gold_emotion="lonely")
    assert "lonely" not in score.rationale


@pytest.mark.parametrize(
    ("which", "argument", "value"),
    [
        ("min_words", "4", 1),
        ("min_words", "5", 0),
        ("max_words", "4", 1),
        ("max_words", "3", 0),
        ("contains", "nobody\nHEAR you", 1),
        ("contains", "nobody", 0),
        ("lacks", "calm down", 1),
        ("lacks", "calm down\ni hear", 0),
    ],
)
def test_words_and_phrases(which, argument, value):
    assert run(which, "I hear you there.", argument).value == value


def test_reads_only_its_spans():
    assert run("contains", reply("Hello."), "alone").value == 0
    assert run("contains", reply("Hello."), "alone", spans=("whole",)).value == 1


@pytest.mark.parametrize(
    ("which", "argument"),
    [("min_words", "few"), ("max_words", "9" * 5000), ("contains", " "), ("lacks", ""), ("", "")],
)
def test_a_check_that_is_not_filled_in_fails(which, argument):
    score = run(which, "I hear you.", argument)
    assert (score.status, score.value) == ("failed", None)
    assert score.reason
