"""What the seeker says: an opening from the situation, then turns that answer the supporter."""

import random
from dataclasses import dataclass

from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.profiles import Profile
from tests.support.starter.grammar.situations import Situation, capital, in_second_person
from tests.support.starter.grammar.words import PEOPLE, fill_slots

_OPENINGS = {
    True: (
        "I don't usually talk about this.|It took me a while to write this.|Quietly, then.|"
        "I hope it is fine to write here.|Let me try to put it into words.|I kept this to myself."
    ),
    False: (
        "I have to tell someone!|So, listen to this.|You won't believe my week.|Hey there!|"
        "Good that you are here.|I can't keep it in any longer."
    ),
}
_AFTER_GOOD = (
    "Yes, that is it.|Thank you for asking.|You put it well.|Exactly.|It helps to hear that.|"
    "I had not seen it like that.|You read me well.|That is a good question."
)
_AFTER_POOR = (
    "Hm, maybe.|That does not really help.|You make it sound easy.|I guess.|If you say so.|"
    "That is not what I meant.|I am not sure you heard me.|Well."
)
# What the seeker did since, by whether the feeling is pleasant: "I hugged my aunt in Selby".
_DID = {
    True: (
        "called|hugged|invited|thanked|danced with|wrote to|waved at|sang for|told|visited|"
        "surprised|toasted|photographed|laughed with|met|treated"
    ),
    False: (
        "avoided|snapped at|cried beside|argued with|wrote to|lied to|hid from|phoned|begged|"
        "ignored|woke|missed|bumped into|clung to|blamed|told"
    ),
}
_WHERE = (
    "at {place}|in {town}|after the {event}|over {food}|beside the {thing}|before the {exam}|"
    "on the bus to {town}|behind {place}|instead of eating {food}|with the {thing} in hand"
)

GOOD_STYLES = frozenset({"reflective", "persona_aware"})


@dataclass(frozen=True, slots=True)
class Said:
    """A turn of the seeker, and what it tells that is new, as said to the seeker: "you told your
    aunt about it", or "" at the opening."""

    text: str
    your_detail: str = ""


def opening(profile: Profile, situation: Situation, rng: random.Random) -> Said:
    """The seeker's first turn: how this person starts, what happened, a cue of the feeling."""
    parts = (
        rng.choice(_OPENINGS[profile.introvert].split("|")) if rng.random() < 0.7 else "",
        situation.text,
        rng.choice(EMOTIONS[situation.emotion].cues) if rng.random() < 0.5 else "",
    )
    return Said(" ".join(part for part in parts if part))


def follow_up(
    profile: Profile, situation: Situation, supporter_style: str, rng: random.Random
) -> Said:
    """The seeker's next turn, warmer where the supporter's last turn was good."""
    emotion = EMOTIONS[situation.emotion]
    reactions = _AFTER_GOOD if supporter_style in GOOD_STYLES else _AFTER_POOR
    detail = _detail(situation, emotion.pleasant, rng)
    text = f"{rng.choice(reactions.split('|'))} {capital(detail)}. {rng.choice(emotion.cues)}"
    return Said(text, in_second_person(detail))


def _detail(situation: Situation, pleasant: bool, rng: random.Random) -> str:
    filled = fill_slots(rng)
    did = rng.choice(_DID[pleasant].split("|"))
    whom = filled[rng.choice(PEOPLE)]
    where = rng.choice(_WHERE.split("|")).format(**filled)
    because = f" because of {situation.my_topic}" if rng.random() < 0.3 else ""
    return f"I {did} {whom} {where}{because}"
