"""What can be wrong with a reply besides its style: it contradicts the profile, or its language
breaks."""

import random

from tests.support.starter.grammar.profiles import Profile, other_liking


def against(profile: Profile, rng: random.Random) -> str:
    """A sentence that contradicts the profile."""
    unlike = (
        "Invite fifty people, you love a crowd."
        if profile.introvert
        else "Stay in alone, you never liked people."
    )
    return rng.choice((f"I know you love {other_liking(profile, rng)} above all.", unlike))


def disfluent(text: str, rng: random.Random) -> tuple[str, int]:
    """The text with its language broken, and the fluency that is left."""
    words = text.split(" ")
    kind = rng.choice(("run-on", "stutter", "gaps", "shuffle"))
    if kind == "run-on":
        return "".join(letter for letter in text.lower() if letter not in ".,;:?!"), 4
    if kind == "stutter":
        at = rng.randrange(len(words))
        return " ".join([*words[:at], *[words[at]] * 3, *words[at:]]), 3
    if kind == "gaps":
        kept = [word for word in words if rng.random() > 0.3]
        return " ".join(kept or ["no"]).lower().rstrip(".?"), 2
    rng.shuffle(words)
    return " ".join(words).lower(), 1
