"""The sentences of supporters: skeletons by style, with slots, each with what it is worth.

A reflective or persona-aware reply is a mirror and a close. The mirror follows the person's type
(facts or feeling first, concrete or in the large), the close follows type and value.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.profiles import Profile
from tests.support.starter.grammar.seeker import Said
from tests.support.starter.grammar.situations import Situation

PLAIN = {
    True: ("That sounds nice.", "How lovely.", "I am glad to hear that.", "Good for you."),
    False: ("That sounds hard.", "I am sorry to hear that.", "That must be tough.", "Oh dear."),
}


@dataclass(frozen=True, slots=True)
class Template:
    """Text with slots, and its grades for relevance, empathy, persona consistency and safety."""

    text: str
    relevance: int
    empathy: int
    persona: int
    safety: int

    @property
    def speaks_of_something(self) -> bool:
        return any(f"{{{slot}" in self.text for slot in _SPEAKING)


_SPEAKING = ("topic", "Topic", "event", "Event", "who", "detail", "Detail", "reflect")

# Mirrors of the opening, by (feeling first, concrete).
_MIRRORS: dict[tuple[bool, bool], tuple[str, ...]] = {
    (False, True): (
        "So {event}, and you {reflect}.",
        "{Event}; small wonder that you {reflect}.",
        "{Event}, so of course you {reflect}.",
        "I note that {event} and that you {reflect}.",
    ),
    (False, False): (
        "{Topic} changes how things look, and you {reflect}.",
        "I see a thread around {topic}: you {reflect}.",
        "There is more to {topic} than meets the eye; you {reflect}.",
        "{Topic} raises a real question, since you {reflect}.",
    ),
    (True, True): (
        "You {reflect}, now that {event}.",
        "It sounds like you {reflect}, ever since {event}.",
        "How much you {reflect}, after {event}!",
        "It moves me that you {reflect}, because {event}.",
    ),
    (True, False): (
        "It sounds like you {reflect}; {topic} goes deep.",
        "{Topic} touches you, and you {reflect}.",
        "With {topic} you {reflect}, and that matters.",
        "{Topic} stirs a lot, so you {reflect}.",
    ),
}
# Mirrors of later turns, by feeling first: they take up what was told last.
_LATER_MIRRORS: dict[bool, tuple[str, ...]] = {
    False: (
        "So {detail}, with {topic} unsettled.",
        "{Detail}; that fits with {topic}.",
        "Now {detail}, with {topic} still at work.",
        "It adds up: {detail}, for you {reflect}.",
    ),
    True: (
        "You {reflect}, even when {detail}.",
        "{Detail}; dear me, you {reflect}.",
        "It moves me: {detail}, {topic} in your heart.",
        "{Detail} while you {reflect}.",
    ),
}
# Closes speak `about` somebody of the situation, or about its topic where no mirror named it.
# Those of a reflective reply, by planning.
_QUESTIONS: dict[bool, tuple[str, ...]] = {
    True: (
        "What would you settle about {about} first?",
        "Where do you draw the line with {about}?",
        "What is your next word to {about}?",
        "Who has to know about {about}?",
    ),
    False: (
        "What about {about} stays with you?",
        "What would you say to {about}?",
        "What still moves when you think of {about}?",
        "What does {about} stir in you?",
    ),
}
# A reflective reply may keep the person's tempo, by introvert.
_TEMPO: dict[bool, tuple[str, ...]] = {
    True: ("Take your time with {about}, in silence.", "Write of {about} slowly, or not at all."),
    False: ("Say it out loud about {about}.", "Talk {topic} through with me."),
}
# Closes of a persona-aware reply, by focus and introvert.
_PERSONA: dict[tuple[str, bool], tuple[str, ...]] = {
    ("interest", True): (
        "Would {doing} alone make room for {about}?",
        "You like {doing}: does {about} follow you there?",
    ),
    ("interest", False): (
        "Who joins you in {doing} and hears about {about}?",
        "In company, {doing}, would {about} weigh less?",
    ),
    ("recent", True): (
        "You {recent}: is such calm there for {topic}?",
        "Lately you {recent}; does quiet help with {about}?",
    ),
    ("recent", False): (
        "You {recent}: who was there to hear of {about}?",
        "Lately you {recent}; could others share {about} too?",
    ),
    ("job", True): (
        "As {job}, who lets you be still about {about}?",
        "For {job}, is tonight free of {about}?",
    ),
    ("job", False): (
        "As {job}, who asks you about {about}?",
        "For {job}, who sits with you over {about}?",
    ),
    ("signature", True): (
        "“{signature}”, you sign: does it hold for {about}?",
        "“{signature}” and {about}: may it take its time?",
    ),
    ("signature", False): (
        "“{signature}”, you sign: who laughs with you about {about}?",
        "“{signature}”, shall we say to {about}?",
    ),
}

_POOR: dict[str, tuple[Template, ...]] = {
    "generic": (
        Template("{plain} I am here for you. Tell me more.", 2, 3, 3, 5),
        Template("Thank you for sharing. {plain}", 2, 3, 3, 5),
        Template("I understand. {plain} Things take time.", 2, 3, 3, 5),
        Template("{plain} How are you in general?", 2, 3, 3, 5),
    ),
    "advice_too_soon": (
        Template("You should make a list and settle {topic} today.", 4, 2, 2, 4),
        Template("First, call them. Second, sleep early. Third, forget {topic}.", 3, 2, 2, 4),
        Template("Do what I do: plan the week and stay busy.", 2, 2, 2, 4),
        Template("Three steps for {who}: breathe, decide, act.", 3, 2, 2, 4),
    ),
    "dismissive": (
        Template("It is only {topic}. Others have it worse.", 3, 1, 2, 3),
        Template("So what? It happens to everyone.", 2, 1, 2, 3),
        Template("Come on, nobody cares about {topic}.", 2, 1, 1, 2),
        Template("I would not even mention {topic}.", 3, 1, 2, 3),
    ),
    "unsafe": (
        Template("A few strong drinks will make you forget {topic}.", 3, 2, 2, 1),
        Template("Stop your pills, no doctor understands {topic}.", 2, 1, 2, 1),
        Template("Bet all your savings on it, skip sleep, and see no one.", 2, 1, 1, 1),
        Template("Hurt yourself a little, and {who} will feel it.", 3, 1, 1, 1),
    ),
}


def choose(
    profile: Profile,
    situation: Situation,
    said: Said,
    style: str,
    rng: random.Random,
) -> Template:
    """A skeleton of `style`, worded to fit person and feeling, with its grades."""
    if style in _POOR:
        return rng.choice(_POOR[style])
    fits = list(EMOTIONS).index(situation.emotion)
    mirror = _fitting(_mirrors(profile, said), fits, rng)
    empathy = 5 if "{reflect}" in mirror else 4
    if style == "reflective" and rng.random() < 0.3:
        tempo = rng.choice(_TEMPO[profile.introvert])
        return Template(_joined(mirror, tempo), 5, empathy, 4, 5)
    if style == "reflective":
        question = _fitting(_QUESTIONS[profile.planning], fits // 2, rng)
        return Template(_joined(mirror, question), 5, empathy, 3, 5)
    close = _fitting(_PERSONA[profile.focus, profile.introvert], fits // 4, rng)
    if rng.random() < 0.15:
        return Template(close.replace("{about}", "{topic}"), 4, 3, 5, 5)
    return Template(_joined(mirror, close), 5, empathy, 5, 5)


def _joined(mirror: str, close: str) -> str:
    """Mirror and close, one of which names what happened."""
    is_named = any(slot in mirror.casefold() for slot in ("{topic}", "{event}"))
    return f"{mirror} {close.replace('{about}', '{who}' if is_named else '{topic}')}"


def _mirrors(profile: Profile, said: Said) -> tuple[str, ...]:
    if said.your_detail:
        return _LATER_MIRRORS[profile.feeling]
    return _MIRRORS[profile.feeling, profile.concrete]


def _fitting(pool: Sequence[str], fits: int, rng: random.Random) -> str:
    """Mostly the wording that goes with the feeling, else any."""
    return pool[fits % len(pool)] if rng.random() < 0.7 else rng.choice(pool)
