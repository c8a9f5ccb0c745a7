"""The corpus: seeded dialogues with profile, situation, emotion, spans and grades."""

import random
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count

from annotation.formats.emotions import EMOTIONS
from rubrics.judging.spans import render_spans
from tests.support.starter.grammar.profiles import Profile, profiles
from tests.support.starter.grammar.replies import Templates
from tests.support.starter.grammar.seeker import follow_up, opening
from tests.support.starter.grammar.situations import Situation, sample_situation
from tests.support.starter.grammar.supporter import FLAWS, STYLES, Reply, supporter_reply

N_PROFILES = 2000
PROFILE_SEED = 2512

# Shares of the styles in a corpus of graded quality: every level of every criterion occurs.
STYLE_WEIGHTS = {
    "reflective": 0.24,
    "persona_aware": 0.18,
    "generic": 0.20,
    "advice_too_soon": 0.16,
    "dismissive": 0.13,
    "unsafe": 0.09,
}
FLAW_SHARE = 0.24


def split_of(number: int) -> str:
    """The split of profile `number`: of ten profiles eight train, one validates, one tests."""
    return {8: "validation", 9: "test"}.get(number % 10, "train")


def dialogues(
    n: int | None,
    seed: int,
    *,
    split: str | None = None,
    style_weights: dict[str, float] = STYLE_WEIGHTS,
    flaw_share: float = FLAW_SHARE,
    templates: Templates = None,
    everyday_share: float = 0.0,
) -> Iterator[dict]:
    """`n` dialogues (None: without end), the same for the same arguments; emotions in turn,
    profiles at random.

    Each is {"id", "split", "profile": {"text", "mbti", "username"}, "situation", "frame", "topic",
    "emotion", "turns"}; a turn is {"role": "seeker", "text"} or {"role": "supporter", "text",
    "raw", "spans", "style", "flaw", "grades"}, where "text" is the response span, "raw" the four
    spans as written and "grades" a level 1-5 per criterion.

    A dialogue's profile and situation are of one split; `split` ("train", "validation" or "test")
    keeps to it. `templates` ("a" or "b") keeps to one half of the supporters' skeletons: texts of
    the two halves share none. `everyday_share` of the situations are everyday events of random and
    invented nouns, for training a model; they belong to no frame, and to the train split.
    """
    rng = random.Random(f"{seed}/{split}")
    people = [
        (number, profile)
        for number, profile in enumerate(profiles(N_PROFILES, PROFILE_SEED))
        if split in (None, split_of(number))
    ]
    labels: list[str] = []
    for index in range(n) if n is not None else count():
        if not labels:
            labels = rng.sample(EMOTIONS, len(EMOTIONS))
        number, profile = rng.choice(people)
        everyday = rng.random() < everyday_share
        situation = sample_situation(labels.pop(), rng, split_of(number), everyday=everyday)
        yield {
            "id": f"starter-{seed}-{split or 'all'}-{index:05d}",
            "split": split_of(number),
            "profile": {
                "text": profile.text,
                "mbti": profile.mbti,
                "username": profile.username,
            },
            "situation": situation.text,
            "frame": _frame_name(situation),
            "topic": situation.topic,
            "emotion": situation.emotion,
            "turns": list(_turns(profile, situation, rng, style_weights, flaw_share, templates)),
        }


def _turns(
    profile: Profile,
    situation: Situation,
    rng: random.Random,
    style_weights: dict[str, float],
    flaw_share: float,
    templates: Templates,
) -> Iterator[dict]:
    """Two to five exchanges."""
    said = opening(profile, situation, rng)
    for _ in range(rng.randint(2, 5)):
        yield {"role": "seeker", "text": said.text}
        style = rng.choices(STYLES, [style_weights[style] for style in STYLES])[0]
        flaw = rng.choice(FLAWS) if rng.random() < flaw_share else None
        reply = supporter_reply(profile, situation, said, style, rng, flaw, templates)
        yield _supporter_turn(reply)
        said = follow_up(profile, situation, style, rng)


def _supporter_turn(reply: Reply) -> dict:
    return {
        "role": "supporter",
        "text": reply.spans.response,
        "raw": render_spans(reply.spans, "tokens"),
        "spans": asdict(reply.spans),
        "style": reply.style,
        "flaw": reply.flaw,
        "grades": asdict(reply.grades),
    }


def _frame_name(situation: Situation) -> str:
    frame = "everyday" if situation.frame is None else situation.frame
    return f"{situation.emotion}/{frame}"
