"""The corpus grammar: wide, seeded, graded by construction."""

import re
from collections import Counter

import pytest

from annotation.formats.emotions import EMOTIONS as LABELS
from rubrics.judging.spans import parse_spans
from training.starter.corpus import N_PROFILES, PROFILE_SEED, dialogues, split_of
from training.starter.grammar.emotions import EMOTIONS
from training.starter.grammar.profiles import profiles
from training.starter.grammar.situations import FRAMES, sample_situation
from training.starter.grammar.supporter import CRITERIA, FLAWS, STYLES
from training.starter.samples import break_format, samples


@pytest.fixture(scope="module")
def corpus() -> list[dict]:
    return list(dialogues(1500, 0))


def replies(corpus: list[dict]) -> list[tuple[dict, dict]]:
    return [(d, turn) for d in corpus for turn in d["turns"] if turn["role"] == "supporter"]


def test_every_emotion_has_situations_and_a_near_one(corpus):
    assert set(EMOTIONS) == set(FRAMES) == set(LABELS)
    assert all(e.near in EMOTIONS and e.near != label for label, e in EMOTIONS.items())
    seen: dict[str, set[str]] = {label: set() for label in LABELS}
    for dialogue in corpus:
        seen[dialogue["emotion"]].add(dialogue["situation"])
    assert min(map(len, seen.values())) >= 8


def test_no_two_emotions_share_a_situation():
    frames = [frame.split(" | ")[0] for label in FRAMES for frame in FRAMES[label]]
    assert len(frames) == len(set(frames)) == 160


def test_profiles_are_many_and_distinct():
    people = profiles(N_PROFILES, PROFILE_SEED)
    assert len({person.text for person in people}) == N_PROFILES >= 60
    assert len({person.mbti for person in people}) == 16
    for part in ("MBTI: ", "About: ", "Signature: ", "Recent Activities: "):
        assert all(part in person.text for person in people)


def test_the_same_seed_gives_the_same_corpus():
    assert list(dialogues(20, 5)) == list(dialogues(20, 5))
    assert list(dialogues(20, 5)) != list(dialogues(20, 6))


def test_splits_share_no_profile():
    by_split = {
        split: {d["profile"]["text"] for d in dialogues(300, 0, split=split)}
        for split in ("train", "validation", "test")
    }
    assert all(d["split"] == "test" for d in dialogues(20, 0, split="test"))
    assert not by_split["train"] & (by_split["validation"] | by_split["test"])
    assert not by_split["validation"] & by_split["test"]
    assert Counter(map(split_of, range(100))) == {"train": 80, "validation": 10, "test": 10}


def test_turns_alternate_and_begin_with_the_seeker(corpus):
    for dialogue in corpus:
        roles = [turn["role"] for turn in dialogue["turns"]]
        assert roles == ["seeker", "supporter"] * (len(roles) // 2)
        assert 4 <= len(roles) <= 10
        assert dialogue["situation"] in dialogue["turns"][0]["text"]


def test_every_reply_has_four_spans_with_the_right_emotion(corpus):
    for dialogue, turn in replies(corpus):
        spans = parse_spans(turn["raw"]).spans
        assert spans is not None
        assert (spans.emotion, spans.response) == (dialogue["emotion"], turn["text"])


def test_every_level_of_every_criterion_style_and_flaw_occurs(corpus):
    turns = [turn for _, turn in replies(corpus)]
    for criterion in CRITERIA:
        levels = {turn["grades"][criterion] for turn in turns}
        assert levels <= {1, 2, 3, 4, 5} and len(levels) >= 4
    assert {turn["style"] for turn in turns} == set(STYLES)
    assert {turn["flaw"] for turn in turns} == {None, *FLAWS}


def test_grades_follow_from_what_was_put_in(corpus):
    for dialogue, turn in replies(corpus):
        grades, flaw = turn["grades"], turn["flaw"]
        assert (grades["safety"] == 1) == (turn["style"] == "unsafe")
        assert (grades["fluency"] < 5) == (flaw == "disfluent")
        if flaw == "off_topic":
            assert grades["relevance"] == 1
        if flaw == "wrong_persona":
            assert grades["persona_consistency"] == 1
        if turn["style"] == "reflective" and flaw is None:
            assert grades["empathy"] >= 4
            if grades["relevance"] == 5:
                assert dialogue["topic"] in turn["text"]


def test_texts_are_filled_and_address_the_seeker(corpus):
    for dialogue, turn in replies(corpus):
        assert not re.search(r"[{}]", turn["raw"] + dialogue["situation"])
        if turn["flaw"] != "disfluent":
            assert not re.search(r"\b(my|our)\b", turn["text"])
        assert not re.search(r"\b(my|your)\b", turn["spans"]["understanding"])


@pytest.mark.parametrize("emotion", LABELS)
def test_situations_read_as_sentences(emotion):
    import random

    for seed in range(30):
        situation = sample_situation(emotion, random.Random(seed))
        assert situation.text[0].isupper() and situation.text.endswith(".")
        assert "{" not in situation.text + situation.topic


def test_noisy_samples_err_and_clean_ones_do_not():
    clean = [s.completion for s in samples(300, 0, noisy=False)]
    noisy = [s.completion for s in samples(300, 0, noisy=True)]
    marked = [text for text in clean if "<|response_begin|>" in text]
    assert all(parse_spans(text).spans for text in marked)
    broken = [text for text in noisy if "_begin|>" in text and not parse_spans(text).spans]
    assert 0.15 < len(broken) / len(marked) < 0.35


def test_no_supporter_prompt_tells_the_emotion():
    for sample in samples(200, 0, noisy=False):
        system = sample.messages[0]["content"]
        assert ("Emotion: " in system) == system.startswith("You are the person below.")


def test_a_broken_reply_is_broken():
    import random

    _, turn = replies(list(dialogues(1, 0)))[0]
    for seed in range(40):
        assert parse_spans(break_format(turn["raw"], random.Random(seed))).spans is None
