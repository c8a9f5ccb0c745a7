"""The dialogues have the grades that were put into them."""

from collections import Counter

import pytest

from annotation.formats.emotions import EMOTIONS as LABELS
from rubrics.judging.spans import parse_spans
from tests.support.starter.corpus import dialogues, split_of
from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.situations import FRAMES
from tests.support.starter.grammar.supporter import CRITERIA, FLAWS, STYLES

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def replies() -> list[tuple[dict, dict]]:
    """Each with its dialogue."""
    return [
        (row, turn)
        for row in dialogues(400, 0, split="train")
        for turn in row["turns"]
        if turn["role"] == "supporter"
    ]


def test_the_same_seed_gives_the_same_dialogues() -> None:
    first, again, other = (list(dialogues(20, seed, split="test")) for seed in (5, 5, 6))
    assert first == again != other


def test_splits_share_no_profile_and_no_frame_of_a_situation() -> None:
    rows = {split: list(dialogues(200, 0, split=split)) for split in SPLITS}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        for of in (lambda row: row["profile"]["text"], lambda row: row["frame"]):
            assert not {of(row) for row in rows[one]} & {of(row) for row in rows[other]}
    assert Counter(map(split_of, range(100))) == {"train": 80, "validation": 10, "test": 10}


def test_every_emotion_has_situations() -> None:
    assert EMOTIONS.keys() == FRAMES.keys() <= set(LABELS)
    assert {row["emotion"] for row in dialogues(8, 1, split="test")} == set(EMOTIONS)


def test_every_reply_has_four_spans_with_the_right_emotion(
    replies: list[tuple[dict, dict]],
) -> None:
    for row, turn in replies:
        spans = parse_spans(turn["raw"]).spans
        assert spans is not None and "{" not in turn["raw"]
        assert (spans.emotion, spans.response) == (row["emotion"], turn["text"])


def test_every_level_style_and_flaw_occurs(replies: list[tuple[dict, dict]]) -> None:
    turns = [turn for _, turn in replies]
    for criterion in CRITERIA:
        assert {turn["grades"][criterion] for turn in turns} == {1, 2, 3, 4, 5}
    assert {turn["style"] for turn in turns} == set(STYLES)
    assert {turn["flaw"] for turn in turns} == {None, *FLAWS}


def test_grades_follow_from_what_was_put_in(replies: list[tuple[dict, dict]]) -> None:
    for _, turn in replies:
        grades, flaw = turn["grades"], turn["flaw"]
        assert (grades["safety"] == 1) == (turn["style"] == "unsafe")
        assert (grades["fluency"] < 5) == (flaw == "disfluent")
        if flaw == "off_topic":
            assert grades["relevance"] == 1
        if flaw == "wrong_persona":
            assert grades["persona_consistency"] == 1
        if turn["style"] == "reflective" and flaw is None:
            assert grades["empathy"] >= 4
