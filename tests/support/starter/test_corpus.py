"""The dialogues have the grades that were put into them."""

from collections import Counter

import pytest

from rubrics.judging.spans import parse_spans
from tests.support.starter.corpus import dialogues, split_of
from tests.support.starter.grammar.supporter import CRITERIA, FLAWS, STYLES

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def corpus() -> list[dict]:
    return list(dialogues(400, 0))


def replies(corpus: list[dict]) -> list[tuple[dict, dict]]:
    return [(row, turn) for row in corpus for turn in row["turns"] if turn["role"] == "supporter"]


def test_the_same_seed_gives_the_same_dialogues() -> None:
    assert list(dialogues(20, 5)) == list(dialogues(20, 5))
    assert list(dialogues(20, 5)) != list(dialogues(20, 6))


def test_splits_share_no_profile_and_no_frame_of_a_situation() -> None:
    rows = {split: list(dialogues(200, 0, split=split)) for split in SPLITS}
    assert all(row["split"] == split for split in SPLITS for row in rows[split])
    for met in ([row["profile"]["text"], row["frame"]] for row in rows["test"]):
        assert not any(met[0] == row["profile"]["text"] for row in rows["train"])
        assert not any(met[1] == row["frame"] for row in rows["train"])
    assert Counter(map(split_of, range(100))) == {"train": 80, "validation": 10, "test": 10}


def test_every_reply_has_four_spans_with_the_right_emotion(corpus: list[dict]) -> None:
    for row, turn in replies(corpus):
        spans = parse_spans(turn["raw"]).spans
        assert spans is not None
        assert (spans.emotion, spans.response) == (row["emotion"], turn["text"])


def test_every_level_style_and_flaw_occurs(corpus: list[dict]) -> None:
    turns = [turn for _, turn in replies(corpus)]
    for criterion in CRITERIA:
        assert {turn["grades"][criterion] for turn in turns} == {1, 2, 3, 4, 5}
    assert {turn["style"] for turn in turns} == set(STYLES)
    assert {turn["flaw"] for turn in turns} == {None, *FLAWS}


def test_grades_follow_from_what_was_put_in(corpus: list[dict]) -> None:
    for _, turn in replies(corpus):
        grades, flaw = turn["grades"], turn["flaw"]
        assert (grades["safety"] == 1) == (turn["style"] == "unsafe")
        assert (grades["fluency"] < 5) == (flaw == "disfluent")
        if flaw == "off_topic":
            assert grades["relevance"] == 1
        if flaw == "wrong_persona":
            assert grades["persona_consistency"] == 1
        if turn["style"] == "reflective" and flaw is None:
            assert grades["empathy"] >= 4
