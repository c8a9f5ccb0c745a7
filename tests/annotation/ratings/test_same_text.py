"""When two texts say the same."""

import unicodedata
from itertools import groupby

import pytest

from annotation.ratings.same_text import dialogue_hash, normal, normal_hash
from rubrics.core.text import MOST_MARKS, canon, with_few_marks

SAID = "The kitchen gets quiet. Whom do you miss?"


@pytest.mark.parametrize(
    "again",
    [
        "The kitchen gets quiet. Whom do you miss",
        "the kitchen GETS quiet. whom do you miss?!",
        "  The  kitchen\u00a0gets\n\tquiet.\u3000Whom do you miss … ",
        "The \u200bkitchen ge\u200dts quiet.\ufeff Whom do\u2060 you mis\u00ads?",
        "Ｔhe ｋitchen gets quiet. Whom do you miss？",
        "The kitchen gets quiet. Whom do you miss?”",
        "The kitchen\ufe0f gets quiet\u034f. Whom do you miss?\U000e0101",
    ],
)
def test_other_spelling_says_the_same(again: str) -> None:
    assert normal_hash(again) == normal_hash(SAID)


@pytest.mark.parametrize(
    "other",
    [
        "The kitchen gets quiet. Who do you miss?",
        "The kitchen gets quiet, whom do you miss?",
        "Thekitchen gets quiet. Whom do you miss?",
        "Whom do you miss?",
    ],
)
def test_other_words_do_not(other: str) -> None:
    assert normal_hash(other) != normal_hash(SAID)


def test_the_normal_form_stays_as_it_is() -> None:
    for text in (SAID, "Straße ﬁn ", "İ", "?!", "e\u0301"):
        assert normal(normal(text)) == normal(text)
    assert normal_hash("e\u0301") == normal_hash("é")


def test_a_text_of_marks_only_is_itself() -> None:
    assert normal("?!") == "?!" and normal_hash("?!") != normal_hash("...")


@pytest.mark.parametrize("empty", ["", "  \n", "\u200b\ufeff", "\ufe0f"])
def test_a_text_that_says_nothing_is_like_no_other(empty: str) -> None:
    assert normal_hash(empty) == ""


def test_a_dialogue_is_compared_turn_by_turn() -> None:
    turns = [("seeker", "It is late."), ("supporter", SAID)]
    assert dialogue_hash([("seeker", "it is  late"), turns[1]]) == dialogue_hash(turns)
    assert dialogue_hash([("supporter", "It is late."), turns[1]]) != dialogue_hash(turns)
    assert dialogue_hash([("seeker", f"It is late. {SAID}")]) != dialogue_hash(turns)
    assert dialogue_hash([]) == ""


@pytest.mark.parametrize(
    "marks", ["\u0315\u0300", "\u0f73", "\uff9e\u0300", "\u0315\u0300\u200b", "\u0315\u0300\u034f"]
)
def test_a_text_of_marks_costs_no_time(marks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python sorts the marks of one letter in quadratic time: this text would take it seconds."""
    normalize = unicodedata.normalize
    longest: list[int] = []

    def is_mark(char: str) -> bool:
        return unicodedata.combining(normalize("NFKD", char)[0]) > 0

    def counting(form: str, text: str) -> str:
        runs = groupby(text, key=is_mark)
        longest.append(max((len(list(run)) for found, run in runs if found), default=0))
        assert longest[-1] <= MOST_MARKS
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counting)
    text = "a" + marks * (5_000 // len(marks))
    normal_hash(text)
    canon(text)
    assert max(longest) == MOST_MARKS


def test_marks_that_people_write_stay_as_they_are() -> None:
    for text in ("ế", "e" + "\u0301" * MOST_MARKS, "שָׁלוֹם", "नमस्ते", "각"):
        assert with_few_marks(text) == text
    many = "e" + "\u0315\u0300" * MOST_MARKS
    assert canon(canon(many)) == canon(many) != canon(many + "\u0300")
