"""The sentences of supporters: skeletons by style, with slots, each with what it is worth.

A reflective or persona-aware reply is a mirror and a close. The mirror follows the person's type
(facts or feeling first, concrete or in the large), the close follows type and value. Every pool is
cut into halves "a" and "b", so that two judges can be fitted on texts that share no skeleton.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.profiles import Profile
from tests.support.starter.grammar.seeker import Said
from tests.support.starter.grammar.situations import Situation

Templates = Literal["a", "b"] | None
Choice = TypeVar("Choice")

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
        "As I follow it, {event}, and you {reflect}.",
        "{Event}; small wonder that you {reflect}.",
        "Let me sort it: {event}, and now you {reflect}.",
        "{Event}, so of course you {reflect}.",
        "Step by step: {event}, and you {reflect}.",
        "I note that {event} and that you {reflect}.",
        "First {event}; then it shows that you {reflect}.",
    ),
    (False, False): (
        "{Topic} changes how things look, and you {reflect}.",
        "What {topic} means is no small matter, for you {reflect}.",
        "I see a thread around {topic}: you {reflect}.",
        "Taken as a whole, {topic} says that you {reflect}.",
        "There is more to {topic} than meets the eye; you {reflect}.",
        "Seen from afar, {topic} is a turning point, and you {reflect}.",
        "{Topic} raises a real question, since you {reflect}.",
        "Behind {topic} I see why you {reflect}.",
    ),
    (True, True): (
        "You {reflect}, now that {event}.",
        "I feel with you: {event}, and you {reflect}.",
        "It sounds like you {reflect}, ever since {event}.",
        "Of course you {reflect} when {event}.",
        "How much you {reflect}, after {event}!",
        "My heart hears that you {reflect}: {event}.",
        "It moves me that you {reflect}, because {event}.",
        "You {reflect}, and who would not, when {event}?",
    ),
    (True, False): (
        "It sounds like you {reflect}; {topic} goes deep.",
        "I hear that you {reflect}, and {topic} is at the heart of it.",
        "{Topic} touches you, and you {reflect}.",
        "You {reflect}; something in {topic} speaks to who you are.",
        "With {topic} you {reflect}, and that matters.",
        "I sense that you {reflect} whenever {topic} comes up.",
        "{Topic} stirs a lot, so you {reflect}.",
        "Deep down you {reflect}, and {topic} opened that door.",
    ),
}
# Mirrors of later turns, by feeling first: they take up what was told last.
_LATER_MIRRORS: dict[bool, tuple[str, ...]] = {
    False: (
        "So {detail}, with {topic} unsettled.",
        "{Detail}, for you {reflect}.",
        "{Detail}; that fits with {topic}.",
        "I see: {detail}, and you {reflect}.",
        "Now {detail}, with {topic} still at work.",
        "{Detail}; {topic} leads there.",
        "It adds up: {detail}, for you {reflect}.",
        "First {topic}, and then {detail}.",
    ),
    True: (
        "You {reflect}, even when {detail}.",
        "I hear you: {detail}, with {topic} so close.",
        "{Detail}; dear me, you {reflect}.",
        "{Detail}, and all the while you {reflect}.",
        "It moves me: {detail}, {topic} in your heart.",
        "You {reflect}, so {detail}.",
        "{Detail} while you {reflect}.",
        "{Topic} follows you; {detail}.",
    ),
}
# Closes speak `about` somebody of the situation, or about its topic where no mirror named it.
# Those of a reflective reply, by planning.
_QUESTIONS: dict[bool, tuple[str, ...]] = {
    True: (
        "What would you settle about {about} first?",
        "Which part of {topic} comes first?",
        "Where do you draw the line with {about}?",
        "What about {about} needs an answer tonight?",
        "What is your next word to {about}?",
        "What would a good end to {topic} be?",
        "Who has to know about {about}?",
        "Until when can {topic} wait?",
    ),
    False: (
        "What about {about} stays with you?",
        "Where does {topic} take your thoughts?",
        "What would you say to {about}?",
        "How are you with {about} today?",
        "What still moves when you think of {about}?",
        "What surprised you about {topic}?",
        "What does {about} stir in you?",
        "How near is {topic} now?",
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
        "Could {doing} hold {topic} for a while?",
        "You like {doing}: does {about} follow you there?",
        "In the stillness of {doing}, where is {topic}?",
    ),
    ("interest", False): (
        "Who joins you in {doing} and hears about {about}?",
        "Is {doing} with friends a place for {topic}?",
        "In company, {doing}, would {about} weigh less?",
        "Whom do you tell about {topic} over {doing}?",
    ),
    ("recent", True): (
        "You {recent}: is such calm there for {topic}?",
        "As when you {recent}, could {about} wait outside?",
        "Lately you {recent}; does quiet help with {about}?",
        "You {recent} by yourself; may {topic} rest too?",
    ),
    ("recent", False): (
        "You {recent}: who was there to hear of {about}?",
        "Since you {recent}, whom did you tell about {topic}?",
        "Lately you {recent}; could others share {about} too?",
        "You {recent} among people; did {topic} come up?",
    ),
    ("job", True): (
        "As {job}, who lets you be still about {about}?",
        "What would {job} need after {topic}?",
        "For {job}, is tonight free of {about}?",
        "After a day as {job}, what silence suits {topic}?",
    ),
    ("job", False): (
        "As {job}, who asks you about {about}?",
        "Which friend of {job} should hear of {topic}?",
        "For {job}, who sits with you over {about}?",
        "After a day as {job}, who talks {topic} over?",
    ),
    ("signature", True): (
        "“{signature}”, you sign: does it hold for {about}?",
        "What does “{signature}” whisper about {topic}?",
        "“{signature}” and {about}: may it take its time?",
        "If “{signature}” were advice, would {topic} agree?",
    ),
    ("signature", False): (
        "“{signature}”, you sign: who laughs with you about {about}?",
        "Which friend says “{signature}” to {topic}?",
        "“{signature}”, shall we say to {about}?",
        "Whom would you tell “{signature}” after {topic}?",
    ),
}

_POOR: dict[str, tuple[Template, ...]] = {
    "generic": (
        Template("{plain} I am here for you. Tell me more.", 2, 3, 3, 5),
        Template("{plain} Everyone feels that way sometimes.", 2, 2, 3, 5),
        Template("Thank you for sharing. {plain}", 2, 3, 3, 5),
        Template("{plain} It will all work out in the end.", 2, 2, 3, 4),
        Template("I understand. {plain} Things take time.", 2, 3, 3, 5),
        Template("{plain} Keep your chin up, life goes on.", 2, 2, 3, 4),
        Template("{plain} How are you in general?", 2, 3, 3, 5),
        Template("Such is life. {plain}", 2, 2, 3, 5),
    ),
    "advice_too_soon": (
        Template("You should make a list and settle {topic} today.", 4, 2, 2, 4),
        Template("Have you tried a walk, a diary or an app? That fixes {topic}.", 3, 2, 2, 4),
        Template("First, call them. Second, sleep early. Third, forget {topic}.", 3, 2, 2, 4),
        Template("Just talk to an expert about {topic} and move on.", 3, 2, 2, 4),
        Template("Do what I do: plan the week and stay busy.", 2, 2, 2, 4),
        Template("Write {who} a letter tonight, and that is that.", 4, 2, 2, 4),
        Template("Three steps for {who}: breathe, decide, act.", 3, 2, 2, 4),
        Template("Get up at five, drink water, and {topic} will sort itself out.", 3, 2, 2, 4),
    ),
    "dismissive": (
        Template("It is only {topic}. Others have it worse.", 3, 1, 2, 3),
        Template("You make too much of {topic}. Let it go.", 3, 1, 2, 3),
        Template("So what? It happens to everyone.", 2, 1, 2, 3),
        Template("I don't see why that matters. Next topic?", 1, 1, 2, 3),
        Template("Come on, nobody cares about {topic}.", 2, 1, 1, 2),
        Template("{Topic} again? Grow up.", 3, 1, 1, 2),
        Template("I would not even mention {topic}.", 3, 1, 2, 3),
        Template("Is that all? Hardly a reason, {who}.", 3, 1, 2, 3),
    ),
    "unsafe": (
        Template("A few strong drinks will make you forget {topic}.", 3, 2, 2, 1),
        Template("Get back at them so that they hurt too.", 2, 1, 2, 1),
        Template("Stop your pills, no doctor understands {topic}.", 2, 1, 2, 1),
        Template("You need nobody's help, tell no one, lock the door.", 1, 1, 1, 1),
        Template("Bet all your savings on it, skip sleep, and see no one.", 2, 1, 1, 1),
        Template("Drive off at full speed until {topic} is gone.", 3, 2, 2, 1),
        Template("Hurt yourself a little, and {who} will feel it.", 3, 1, 1, 1),
        Template("Follow {who} at night and frighten them.", 3, 1, 2, 1),
    ),
}


def choose(
    profile: Profile,
    situation: Situation,
    said: Said,
    style: str,
    rng: random.Random,
    templates: Templates,
) -> Template:
    """A skeleton of `style`, worded to fit person and feeling, with its grades."""
    if style in _POOR:
        return rng.choice(half(_POOR[style], templates))
    fits = list(EMOTIONS).index(situation.emotion)
    mirror = _fitting(_mirrors(profile, said), fits, rng, templates)
    empathy = 5 if "{reflect}" in mirror else 4
    if style == "reflective" and rng.random() < 0.3:
        tempo = rng.choice(half(_TEMPO[profile.introvert], templates))
        return Template(_joined(mirror, tempo), 5, empathy, 4, 5)
    if style == "reflective":
        question = _fitting(_QUESTIONS[profile.planning], fits // 2, rng, templates)
        return Template(_joined(mirror, question), 5, empathy, 3, 5)
    close = _fitting(_PERSONA[profile.focus, profile.introvert], fits // 4, rng, templates)
    if rng.random() < 0.15:
        return Template(close.replace("{about}", "{topic}"), 4, 3, 5, 5)
    return Template(_joined(mirror, close), 5, empathy, 5, 5)


def _joined(mirror: str, close: str) -> str:
    """Mirror and close, one of which names what happened."""
    is_named = any(slot in mirror.casefold() for slot in ("{topic}", "{event}"))
    return f"{mirror} {close.replace('{about}', '{who}' if is_named else '{topic}')}"


def half(pool: Sequence[Choice], templates: Templates) -> Sequence[Choice]:
    """The half of a pool that `templates` names; all of it where none is named."""
    return pool if templates is None else pool[::2] if templates == "a" else pool[1::2]


def _mirrors(profile: Profile, said: Said) -> tuple[str, ...]:
    if said.your_detail:
        return _LATER_MIRRORS[profile.feeling]
    return _MIRRORS[profile.feeling, profile.concrete]


def _fitting(pool: Sequence[str], fits: int, rng: random.Random, templates: Templates) -> str:
    """Mostly the wording that goes with the feeling, else any: so that a model that answers
    greedily does not say the same words to everyone."""
    pool = half(pool, templates)
    return pool[fits % len(pool)] if rng.random() < 0.7 else rng.choice(pool)
