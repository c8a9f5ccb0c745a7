"""The corpus grammar: wide, seeded, graded by construction."""

import random
import re
from collections import Counter
from itertools import islice

import pytest

from annotation.formats.emotions import EMOTIONS as LABELS
from rubrics.judging.spans import parse_spans
from training.starter.corpus import N_PROFILES, PROFILE_SEED, dialogues, split_of
from training.starter.grammar.emotions import EMOTIONS
from training.starter.grammar.profiles import Profile, profiles
from training.starter.grammar.replies import half
from training.starter.grammar.seeker import opening
from training.starter.grammar.situations import FRAMES, sample_situation, split_of_frame
from training.starter.grammar.supporter import CRITERIA, FLAWS, STYLES, supporter_reply
from training.starter.samples import (
    EVERYDAY_SHARE,
    MISREAD,
    break_format,
    cold_start_samples,
    pretraining_samples,
)

SPLITS = ("train", "validation", "test")


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
    assert len(frames) == len(set(frames)) == 640
    assert min(map(len, FRAMES.values())) >= 20


def test_profiles_are_many_and_distinct():
    people = profiles(N_PROFILES, PROFILE_SEED)
    assert len({person.text for person in people}) == N_PROFILES >= 300
    assert len({person.mbti for person in people}) == 16
    for part in ("MBTI: ", "About: ", "Signature: ", "Recent Activities: "):
        assert all(part in person.text for person in people)


def test_the_same_seed_gives_the_same_corpus():
    assert list(dialogues(20, 5)) == list(dialogues(20, 5))
    assert list(dialogues(20, 5)) != list(dialogues(20, 6))


@pytest.mark.slow
def test_splits_share_no_profile():
    by_split = {
        split: {d["profile"]["text"] for d in dialogues(300, 0, split=split)} for split in SPLITS
    }
    assert all(d["split"] == "test" for d in dialogues(20, 0, split="test"))
    assert not by_split["train"] & (by_split["validation"] | by_split["test"])
    assert not by_split["validation"] & by_split["test"]
    assert Counter(map(split_of, range(100))) == {"train": 80, "validation": 10, "test": 10}


@pytest.mark.slow
def test_splits_share_no_frame_of_a_situation():
    by_split = {split: {d["frame"] for d in dialogues(1000, 0, split=split)} for split in SPLITS}
    assert not by_split["train"] & by_split["test"]
    assert not by_split["validation"] & (by_split["train"] | by_split["test"])
    assert len(by_split["test"]) == 4 * 32  # all four test frames of every emotion
    for dialogue in dialogues(200, 3):
        assert split_of_frame(int(dialogue["frame"].split("/")[1])) == dialogue["split"]


def test_everyday_events_are_told_in_training_only_and_belong_to_no_frame():
    told = [d["frame"] for d in dialogues(200, 0, split="train", everyday_share=0.5)]
    assert 60 < sum(frame.endswith("/everyday") for frame in told) < 140


@pytest.mark.slow
def test_the_halves_of_the_templates_share_no_skeleton():
    pool = tuple(range(7))
    assert set(half(pool, "a")) | set(half(pool, "b")) == set(half(pool, None)) == set(pool)
    assert not set(half(pool, "a")) & set(half(pool, "b"))
    one, other = (
        {turn["text"] for _, turn in replies(list(dialogues(400, 0, templates=templates)))}
        for templates in ("a", "b")
    )
    assert not one & other


def test_type_and_profile_change_what_a_good_answer_says():
    """The same situation and seed, told by people who differ in one thing."""
    people = profiles(N_PROFILES, PROFILE_SEED)
    said = {(person.mbti, person.focus): _good_answer(person) for person in people}
    assert len(said) == 16 * 4
    # Planning speaks in the close of a reflective reply only, so half of the 64 remain.
    assert len(set(said.values())) == 32


def _good_answer(person: Profile) -> str:
    rng = random.Random(5)
    situation = sample_situation("proud", rng)
    said = opening(person, situation, rng)
    reply = supporter_reply(person, situation, said, "persona_aware", random.Random(2))
    # The words that were filled in tell nothing about the skeleton.
    text = reply.spans.response
    for filled in (person.doing, person.job, person.signature, person.recent.lower()):
        text = text.replace(filled, "_")
    return text


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
        assert levels == {1, 2, 3, 4, 5}
    assert {turn["style"] for turn in turns} == set(STYLES)
    assert {turn["flaw"] for turn in turns} == {None, *FLAWS}


def test_grades_follow_from_what_was_put_in(corpus):
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


def test_texts_are_filled_and_address_the_seeker(corpus):
    for dialogue, turn in replies(corpus):
        assert not re.search(r"[{}]", turn["raw"] + dialogue["situation"])
        if turn["flaw"] != "disfluent":
            assert not re.search(r"\b(my|our)\b", turn["text"])
        assert not re.search(r"\b(my|your)\b", turn["spans"]["understanding"])


@pytest.mark.parametrize("emotion", LABELS)
def test_situations_read_as_sentences(emotion):
    for seed in range(30):
        situation = sample_situation(emotion, random.Random(seed))
        assert situation.text[0].isupper() and situation.text.endswith((".", "?", "!"))
        assert "{" not in situation.text + situation.topic


@pytest.mark.slow
def test_noisy_samples_err_and_clean_ones_do_not():
    last = [
        s.messages[-1]["content"] for s in islice(cold_start_samples(0), 900) if s.learn == "reply"
    ]
    right = [parse_spans(text).spans for text in last]
    assert 0.05 < right.count(None) / len(right) < 0.25
    named = Counter(spans.emotion for spans in right if spans)
    assert sum(named[label] for label in MISREAD) / len(MISREAD) < named.total() / len(LABELS)


def test_pretraining_reads_no_span_mark_of_a_reply_and_no_other_split():
    kinds = Counter()
    met = dialogues(400, 0, split="train", flaw_share=0.0, everyday_share=EVERYDAY_SHARE)
    situations = {dialogue["situation"] for dialogue in met}
    for sample in islice(pretraining_samples(0), 400):
        kinds[sample.messages[-1]["role"]] += 1
        assert "_begin|>" not in sample.messages[-1]["content"]
        if sample.messages[0]["role"] == "system":
            assert any(told in sample.messages[0]["content"] for told in situations)
    assert kinds["assistant"] > 50 and kinds["notes"] > 50


def test_no_supporter_prompt_tells_the_emotion():
    for sample in islice(cold_start_samples(0), 200):
        system = sample.messages[0]["content"]
        assert ("Emotion: " in system) == system.startswith("You are the person below.")


def test_a_broken_reply_is_broken():
    _, turn = replies(list(dialogues(1, 0)))[0]
    for seed in range(40):
        assert parse_spans(break_format(turn["raw"], random.Random(seed))).spans is None
