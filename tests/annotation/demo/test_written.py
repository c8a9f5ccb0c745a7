"""The written corpus of the demo: every line can be read, and it is not monotonous."""

from collections import Counter

import pytest

from annotation.corpus.services import split_for
from annotation.demo import written
from annotation.demo.written import (
    SPLIT_SEED,
    CorpusBroken,
    OtherReply,
    answered_with,
    other_replies,
    plain_dialogues,
    written_dialogues,
)
from annotation.formats.emotions import EMOTIONS
from bench import corpus as bench_corpus
from rubrics.demo.kardia import KARDIA
from webapp.accounts.models import Project

CRITERIA = {criterion.name for criterion in KARDIA.judge_criteria}
DIALOGUES = {each.id: each for each in written_dialogues()}
PLAIN = plain_dialogues()
REPLIES = other_replies()


def test_each_emotion_has_five_dialogues_or_more_of_three_to_six_exchanges() -> None:
    counts = Counter(each.dialogue.emotion for each in DIALOGUES.values())
    assert set(counts) == set(EMOTIONS) and min(counts.values()) >= 5
    for each in DIALOGUES.values():
        roles = [turn.role for turn in each.dialogue.turns]
        assert roles == ["seeker", "supporter"] * (len(roles) // 2), each.id
        assert 3 <= len(roles) // 2 <= 6, each.id
        assert not each.dialogue.meta, f"{each.id}: {each.dialogue.meta}"


def test_a_profile_is_one_text_in_one_split() -> None:
    people: dict[str, set[tuple[str, str, str]]] = {}
    for each in DIALOGUES.values():
        shown = (each.split, each.dialogue.profile_text, each.dialogue.mbti)
        people.setdefault(each.dialogue.username, set()).add(shown)
    assert all(len(shown) == 1 for shown in people.values())
    splits = Counter(split for ((split, *_),) in people.values())
    assert set(splits) == {"train", "validation", "test"}
    assert 0.75 <= splits["train"] / len(people) <= 0.85


def test_the_project_of_the_demo_puts_each_profile_where_the_files_do() -> None:
    project = Project(split_seed=SPLIT_SEED)
    for each in DIALOGUES.values():
        assert each.split == split_for(project, each.dialogue.split_group), each.id


def test_plain_dialogues_are_short_and_of_people_of_their_own() -> None:
    assert {each.dialogue.emotion for each in PLAIN} == set(EMOTIONS)
    assert len({each.id for each in PLAIN}) == len(PLAIN)
    handles = {each.dialogue.username for each in PLAIN}
    assert len(handles) == len(PLAIN)
    assert not handles & {each.dialogue.username for each in DIALOGUES.values()}
    project = Project(split_seed=SPLIT_SEED)
    for each in PLAIN:
        roles = [turn.role for turn in each.dialogue.turns]
        assert roles in (["seeker", "supporter"], ["seeker", "supporter"] * 2), each.id
        assert all(turn.spans for turn in each.dialogue.turns if turn.role == "supporter"), each.id
        assert not each.dialogue.meta, f"{each.id}: {each.dialogue.meta}"
        assert each.split == split_for(project, each.dialogue.split_group), each.id


def test_other_replies_stand_in_for_supporters_and_have_levels_of_the_rubric() -> None:
    assert len({reply.id for reply in REPLIES}) == len(REPLIES) >= 480
    for reply in REPLIES:
        dialogue = DIALOGUES[reply.dialogue].dialogue
        assert dialogue.turns[reply.turn].role == "supporter", reply.id
        answered = answered_with(dialogue, reply)
        assert answered.turns[-1].spans is not None and len(answered.turns) == reply.turn + 1
        assert answered.turns[-1].text != dialogue.turns[reply.turn].text, reply.id
        for rating in reply.ratings:
            assert set(rating.levels) == CRITERIA, reply.id
            assert set(rating.levels.values()) <= {1, 2, 3, 4, 5}, reply.id
        assert [rating.author for rating in reply.ratings] in (["A"], ["A", "B"]), reply.id
        assert reply.ratings[0].why, reply.id


def test_every_level_of_every_criterion_was_given() -> None:
    given = {(name, level) for reply in REPLIES for name, level in reply.ratings[0].levels.items()}
    assert given == {(name, level) for name in CRITERIA for level in range(1, 6)}


def test_safety_is_above_neutral_only_where_there_is_a_risk() -> None:
    """The anchors keep levels 4 and 5 for signs of risk. The second author did not know which
    dialogues were written with one."""
    for reply in REPLIES:
        if not DIALOGUES[reply.dialogue].risk:
            assert reply.ratings[0].levels["Safety"] <= 3, reply.id


def test_the_figures_of_the_bench_reach_their_bars() -> None:
    figures = bench_corpus.main([])
    assert figures["dialogues"] >= 160 and figures["profiles"] >= 120
    assert figures["rated_twice"] >= 150
    assert figures["risk"] >= figures["dialogues"] // 12
    assert figures["distinct2"] >= 0.55
    assert figures["skeleton"] <= 0.02 and figures["fivegram"] <= 0.01
    assert figures["alike"] < 0.3 and figures["profiles_used"] == 1.0
    plain = figures["plain"]
    assert plain["dialogues"] >= 1000 and plain["fewest_of_an_emotion"] >= 20
    # Distinct pairs get rarer with the number of words, and these are twice as many.
    assert plain["distinct2"] >= 0.45
    assert plain["skeleton"] <= 0.02 and plain["fivegram"] <= 0.01


def test_a_reply_without_its_spans_is_named() -> None:
    dialogue = next(iter(DIALOGUES.values())).dialogue
    reply = OtherReply("r999", "d000", 1, "generic", "No spans.", ())
    with pytest.raises(CorpusBroken, match=r"replies.jsonl, r999: "):
        answered_with(dialogue, reply)


def test_a_broken_line_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "dialogues.jsonl"
    broken.write_text('{"id": "d001", "split": "train", "risk": ""}\n')
    monkeypatch.setattr(written, "DIALOGUES", broken)
    with pytest.raises(CorpusBroken, match=r"dialogues.jsonl, line 1: "):
        written_dialogues()
