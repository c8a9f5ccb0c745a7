"""The corpus: seeded dialogues with profile, situation, emotion, spans and grades."""

import random
from collections.abc import Iterator
from dataclasses import asdict

from annotation.formats.emotions import EMOTIONS
from rubrics.judging.spans import render_spans
from training.starter.grammar.profiles import Profile, profiles
from training.starter.grammar.seeker import follow_up, opening
from training.starter.grammar.situations import Situation, sample_situation
from training.starter.grammar.supporter import FLAWS, STYLES, Reply, supporter_reply

N_PROFILES = 160
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
    n: int,
    seed: int,
    *,
    split: str | None = None,
    style_weights: dict[str, float] = STYLE_WEIGHTS,
    flaw_share: float = FLAW_SHARE,
) -> Iterator[dict]:
    """`n` dialogues, the same for the same arguments; emotions in turn, profiles at random.

    Each is {"id", "split", "profile": {"text", "mbti", "username"}, "situation", "topic",
    "emotion", "turns"}; a turn is {"role": "seeker", "text"} or {"role": "supporter", "text",
    "raw", "spans", "style", "flaw", "grades"}, where "text" is the response span, "raw" the four
    spans as written and "grades" a level 1-5 per criterion. `split` keeps to profiles of that
    split ("train", "validation" or "test").
    """
    rng = random.Random(f"{seed}/{split}")
    people = [
        (number, profile)
        for number, profile in enumerate(profiles(N_PROFILES, PROFILE_SEED))
        if split in (None, split_of(number))
    ]
    labels: list[str] = []
    for index in range(n):
        if not labels:
            labels = rng.sample(EMOTIONS, len(EMOTIONS))
        number, profile = rng.choice(people)
        situation = sample_situation(labels.pop(), rng)
        yield {
            "id": f"starter-{seed}-{split or 'all'}-{index:05d}",
            "split": split_of(number),
            "profile": {
                "text": profile.text,
                "mbti": profile.mbti,
                "username": profile.username,
            },
            "situation": situation.text,
            "topic": situation.your_topic,
            "emotion": situation.emotion,
            "turns": list(_turns(profile, situation, rng, style_weights, flaw_share)),
        }


def _turns(
    profile: Profile,
    situation: Situation,
    rng: random.Random,
    style_weights: dict[str, float],
    flaw_share: float,
) -> Iterator[dict]:
    """Two to five exchanges."""
    text = opening(profile, situation, rng)
    for _ in range(rng.randint(2, 5)):
        yield {"role": "seeker", "text": text}
        style = rng.choices(STYLES, [style_weights[style] for style in STYLES])[0]
        flaw = rng.choice(FLAWS) if rng.random() < flaw_share else None
        reply = supporter_reply(profile, situation, style, rng, flaw)
        yield _supporter_turn(reply)
        text = follow_up(profile, situation, style, rng)


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
