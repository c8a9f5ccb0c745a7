"""The corpus: seeded dialogues with profile, situation, emotion, spans and grades."""

import random
from collections.abc import Iterator
from dataclasses import asdict

from rubrics.judging.spans import render_spans
from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.profiles import Profile, profiles
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


def dialogues(n: int, seed: int, *, split: str) -> Iterator[dict]:
    """`n` dialogues, the same for the same arguments; emotions in turn, profiles at random.

    Each is {"id", "profile": {"text", "mbti", "username"}, "situation", "frame", "emotion",
    "turns"}; a turn is {"role": "seeker", "text"} or {"role": "supporter", "text", "raw", "style",
    "flaw", "grades"}, where "text" is the response span, "raw" the four spans as written and
    "grades" a level 1-5 per criterion.

    Profile and situation are of `split`: "train", "validation" or "test".
    """
    rng = random.Random(f"{seed}/{split}")
    everyone = enumerate(profiles(N_PROFILES, PROFILE_SEED))
    people = [profile for number, profile in everyone if split_of(number) == split]
    labels: list[str] = []
    for index in range(n):
        if not labels:
            labels = rng.sample(list(EMOTIONS), len(EMOTIONS))
        profile = rng.choice(people)
        situation = sample_situation(labels.pop(), rng, split)
        yield {
            "id": f"starter-{seed}-{split}-{index:05d}",
            "profile": {
                "text": profile.text,
                "mbti": profile.mbti,
                "username": profile.username,
            },
            "situation": situation.text,
            "frame": f"{situation.emotion}/{situation.frame}",
            "emotion": situation.emotion,
            "turns": list(_turns(profile, situation, rng)),
        }


def _turns(profile: Profile, situation: Situation, rng: random.Random) -> Iterator[dict]:
    """Two to five exchanges."""
    said = opening(profile, situation, rng)
    for _ in range(rng.randint(2, 5)):
        yield {"role": "seeker", "text": said.text}
        style = rng.choices(STYLES, [STYLE_WEIGHTS[style] for style in STYLES])[0]
        flaw = rng.choice(FLAWS) if rng.random() < FLAW_SHARE else None
        yield _supporter_turn(supporter_reply(profile, situation, said, style, rng, flaw))
        said = follow_up(profile, situation, style, rng)


def _supporter_turn(reply: Reply) -> dict:
    return {
        "role": "supporter",
        "text": reply.spans.response,
        "raw": render_spans(reply.spans, "tokens"),
        "style": reply.style,
        "flaw": reply.flaw,
        "grades": asdict(reply.grades),
    }
