"""What the seeker says: an opening from the situation, then turns that answer the supporter."""

import random

from training.starter.grammar.emotions import EMOTIONS
from training.starter.grammar.profiles import Profile
from training.starter.grammar.situations import SLOTS, Situation

_OPENINGS = {
    True: ("I don't usually talk about this.", "It took me a while to write this.", ""),
    False: ("I have to tell someone!", "So, listen to this.", ""),
}

_AFTER_GOOD = ("Yes, that is it.", "Thank you for asking.", "You put it well.", "Exactly.")
_AFTER_POOR = ("Hm, maybe.", "That does not really help.", "You make it sound easy.", "I guess.")

_DETAILS = {
    True: (
        "I told {relative} about {topic} and we talked for an hour.",
        "I went {out} and thought of {topic} the whole way.",
        "Even {doing} felt brighter after {topic}.",
        "I wrote a page about {topic} before bed.",
    ),
    False: (
        "I told {relative} about {topic} and got a shrug.",
        "I lay awake and went over {topic} again.",
        "I tried {doing}, but my mind went back to {topic}.",
        "At work I am {job}, yet I can't think of anything but {topic}.",
    ),
}

GOOD_STYLES = frozenset({"reflective", "persona_aware"})


def opening(profile: Profile, situation: Situation, rng: random.Random) -> str:
    """The seeker's first turn: how this person starts, what happened, a cue of the feeling."""
    parts = (
        rng.choice(_OPENINGS[profile.introvert]),
        situation.text,
        rng.choice(EMOTIONS[situation.emotion].cues),
    )
    return " ".join(part for part in parts if part)


def follow_up(
    profile: Profile, situation: Situation, supporter_style: str, rng: random.Random
) -> str:
    """The seeker's next turn, warmer where the supporter's last turn was good."""
    emotion = EMOTIONS[situation.emotion]
    reaction = rng.choice(_AFTER_GOOD if supporter_style in GOOD_STYLES else _AFTER_POOR)
    detail = rng.choice(_DETAILS[emotion.pleasant]).format(
        topic=situation.topic,
        relative=rng.choice(SLOTS["relative"]),
        out=rng.choice(("home", "out for a walk")),
        doing=profile.interest.doing,
        job=profile.job,
    )
    return f"{reaction} {detail} {rng.choice(emotion.cues)}"
