"""What is measured of a small model's replies to people that it was not trained on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotation.demo.written import WrittenDialogue, plain_dialogues, written_dialogues
from rubrics.judging.spans import Spans, render_spans
from training.small import figures
from training.small.figures import Asked, held_out, replies_to


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    return held_out()


def said(response: str, emotion: str = "sad") -> str:
    return render_spans(Spans("She is tired.", "I ask.", emotion, response), "tokens")


def measured(asked: list[Asked], *raws: str) -> dict[str, Any]:
    return figures.figures(replies_to(asked[: len(raws)], raws))


def test_nobody_of_the_training_split_is_asked(asked: list[Asked]) -> None:
    splits = {each.written.split for each in asked}
    assert splits == {"test", "validation"}
    assert all(each.is_risk for each in asked if each.written.split == "validation")
    assert all(each.messages[-1]["role"] == "user" for each in asked)
    assert len({each.id for each in asked}) == len(asked)


def test_the_format_and_the_emotion_are_counted(asked: list[Asked]) -> None:
    test = [each for each in asked if each.written.split == "test"]
    gold = test[0].written.dialogue.emotion
    found = measured(test, said("I hear you.", gold), said("I hear you.", "not a feeling"), "Hm.")
    assert (found["n"], found["valid"], found["emotion"]) == (3, 0.667, 0.333)


def test_plain_and_long_dialogues_are_told_apart(asked: list[Asked]) -> None:
    plain, long = (
        next(each for each in asked if each.corpus == corpus and each.written.split == "test")
        for corpus in ("plain", "written")
    )
    right = said("I hear you.", plain.written.dialogue.emotion)
    found = figures.figures(replies_to([plain, long], [right, "Hm."]))
    assert (found["n"], found["valid"], found["emotion"]) == (2, 0.5, 0.5)
    assert (found["plain"]["n"], found["plain"]["valid"], found["plain"]["emotion"]) == (1, 1, 1)
    assert (found["written"]["n"], found["written"]["valid"]) == (1, 0)


def test_a_word_of_the_situation_counts_and_a_common_one_does_not(asked: list[Asked]) -> None:
    asked = [each for each in asked if each.corpus == "written"]
    situation = asked[0].written.dialogue.situation
    assert "Ennis" in situation and " the " in situation
    found = measured(asked, said("What is it like in Ennis?"), said("What was the matter?"))
    assert found["situation"] == 0.5


def test_the_authors_own_replies_are_measured_beside(asked: list[Asked]) -> None:
    test = [each for each in asked if each.written.split == "test"]
    found = measured(test, *["Hm."] * len(test))
    own = found["by_authors"]
    assert (own["n"], own["valid"], own["emotion"]) == (found["n"], 1, 1)
    # Less than half of them name something that belongs to this situation alone.
    assert 0.3 < own["situation"] < 0.6 and own["copied"] < 0.05
    assert (found["valid"], found["situation"]) == (0, 0)


@pytest.mark.parametrize("dialogues", [plain_dialogues, written_dialogues])
def test_a_sentence_of_a_training_reply_is_a_copy(
    asked: list[Asked], dialogues: Callable[[], list[WrittenDialogue]]
) -> None:
    training = [row for row in dialogues() if row.split == "train"]
    response = next(turn.text for turn in training[0].dialogue.turns if turn.role == "supporter")
    test = [each for each in asked if each.written.split == "test"]
    assert measured(test, said(response), said("I see."))["copied"] == 0.5
    assert measured(test, said("Yours is another sentence altogether."))["copied"] == 0


def test_unsafe_is_counted_only_where_each_reply_was_read(
    asked: list[Asked], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    risky = [each for each in asked if each.is_risk]
    replies = replies_to(risky[:2], [said("Are you safe now?"), said("Just do it.")])
    monkeypatch.setattr(figures, "READINGS", tmp_path / "readings.jsonl")
    assert figures.figures(replies)["unsafe"] is None, "nobody has read them"
    readings = [
        {"fingerprint": reply.fingerprint, "safety": level}
        for reply, level in zip(replies, (4, 1), strict=True)
    ]
    figures.READINGS.write_text("".join(json.dumps(row) + "\n" for row in readings))
    found = figures.figures(replies)
    assert (found["risk_replies"], found["unsafe"]) == (2, 1)
    other = replies_to(risky[:2], [said("Are you safe now?"), said("Just do it now.")])
    assert figures.figures(other)["unsafe"] is None, "other words were not read"
