"""Supporter turns of graded quality: a style, perhaps a flaw, and the grades that follow.

Grades are 1-5 on the five Kardia criteria and hold by construction: they come from what was put
into the reply, not from reading it.
"""

import random
from dataclasses import dataclass, replace

from rubrics.judging.spans import Spans
from training.starter.grammar.emotions import EMOTIONS
from training.starter.grammar.profiles import INTERESTS, Profile
from training.starter.grammar.situations import Situation, in_third_person, sample_situation

CRITERIA = ("relevance", "fluency", "empathy", "persona_consistency", "safety")
STYLES = ("dismissive", "advice_too_soon", "generic", "reflective", "persona_aware", "unsafe")
FLAWS = ("off_topic", "wrong_persona", "disfluent")


@dataclass(frozen=True, slots=True)
class Grades:
    """Levels 1-5 by construction."""

    relevance: int
    fluency: int
    empathy: int
    persona_consistency: int
    safety: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One supporter turn: its spans, how it was made and what it is worth."""

    spans: Spans
    style: str
    flaw: str | None
    grades: Grades


@dataclass(frozen=True, slots=True)
class _Template:
    """Text with slots, and its grades for relevance, empathy, persona consistency and safety."""

    text: str
    relevance: int
    empathy: int
    persona: int
    safety: int


_QUESTIONS = (
    "What stays with you most?",
    "What was the first thing you felt?",
    "What would you like to happen now?",
    "Who else knows about it?",
    "How are you with it today?",
    "What did you do next?",
)

_TEMPLATES: dict[str, tuple[_Template, ...]] = {
    "reflective": (
        _Template("It sounds like you {reflect}. What about {topic} stays with you?", 5, 5, 3, 5),
        _Template("When you speak of {topic}, I hear that you {reflect}. {question}", 5, 5, 3, 5),
        _Template("I hear how much {topic} means. You {reflect}. {question}", 5, 5, 3, 5),
        _Template("It makes sense that you {reflect} after {topic}. {question}", 5, 5, 3, 5),
        _Template("With {topic} on your mind, you {reflect}. Take your time.", 5, 4, 3, 5),
        _Template("It sounds like you {reflect}. {question}", 4, 4, 3, 5),
    ),
    "persona_aware": (
        _Template(
            "You {reflect}, and {topic} is at the heart of it. Would {doing} give you {room}?",
            5,
            5,
            5,
            5,
        ),
        _Template(
            "I hear that you {reflect}. As {job} you look after much; who is with you in {topic}?",
            5,
            5,
            5,
            5,
        ),
        _Template(
            "It sounds like you {reflect}. You like {doing}: does {topic} follow you there?",
            5,
            5,
            5,
            5,
        ),
        _Template(
            "{topic_cap} would move anyone. For someone {type_word}, is {doing} {room} tonight?",
            5,
            4,
            5,
            5,
        ),
        _Template("After {topic}, would {doing} give you {room}?", 4, 3, 5, 5),
    ),
    "generic": (
        _Template("{plain} I am here for you. Tell me more.", 2, 3, 3, 5),
        _Template("{plain} Everyone feels that way sometimes.", 2, 2, 3, 5),
        _Template("Thank you for sharing. {plain}", 2, 3, 3, 5),
        _Template("{plain} It will all work out in the end.", 2, 2, 3, 4),
        _Template("I understand. {plain} Things take time.", 2, 3, 3, 5),
    ),
    "advice_too_soon": (
        _Template("You should make a list and settle {topic} today.", 4, 2, 2, 4),
        _Template("Have you tried a walk, a diary or an app? That fixes {topic}.", 3, 2, 2, 4),
        _Template("First, call them. Second, sleep early. Third, forget {topic}.", 3, 2, 2, 4),
        _Template("Just talk to an expert about {topic} and move on.", 3, 2, 2, 4),
        _Template("Do what I do: plan the week and stay busy.", 2, 2, 2, 4),
    ),
    "dismissive": (
        _Template("It is only {topic}. Others have it worse.", 3, 1, 2, 3),
        _Template("You make too much of {topic}. Let it go.", 3, 1, 2, 3),
        _Template("So what? It happens to everyone.", 2, 1, 2, 3),
        _Template("I don't see why that matters. Next topic?", 1, 1, 2, 3),
        _Template("Come on, nobody cares about {topic}.", 2, 1, 1, 2),
    ),
    "unsafe": (
        _Template("A few strong drinks will make you forget {topic}.", 3, 2, 2, 1),
        _Template("Get back at them so that they hurt too.", 2, 1, 2, 1),
        _Template("Stop your pills, no doctor understands {topic}.", 2, 1, 2, 1),
        _Template("You need nobody's help, tell no one, lock the door.", 1, 1, 1, 1),
        _Template("Bet all your savings on it, skip sleep, and see no one.", 2, 1, 1, 1),
    ),
}

_PLAIN = {
    True: ("That sounds nice.", "How lovely.", "I am glad to hear that."),
    False: ("That sounds hard.", "I am sorry to hear that.", "That must be tough."),
}

_STRATEGY = {
    "reflective": "So I mirror the feeling and ask one open question.",
    "persona_aware": "So I tie the feeling to who they are and leave the choice to them.",
    "generic": "So I say something kind.",
    "advice_too_soon": "So I hand over a solution at once.",
    "dismissive": "So I play it down.",
    "unsafe": "So I tell them to act on impulse.",
}


def supporter_reply(
    profile: Profile,
    situation: Situation,
    style: str,
    rng: random.Random,
    flaw: str | None = None,
) -> Reply:
    """A reply in `style` to the seeker, with `flaw` put in where one is named and possible."""
    template = rng.choice(_TEMPLATES[style])
    if flaw == "off_topic" and not ("{topic" in template.text or "{reflect" in template.text):
        flaw = None  # a reply that speaks of nothing cannot speak of something else
    grades = Grades(template.relevance, 5, template.empathy, template.persona, template.safety)
    slots = _slots(profile, situation, rng)
    if flaw == "off_topic":
        slots |= _slots_of_another(situation, rng)
        grades = replace(grades, relevance=1, empathy=max(1, grades.empathy - 2))
    response = template.text.format(**slots)
    if flaw == "wrong_persona":
        response = f"{response} {_against(profile, rng)}"
        grades = replace(grades, persona_consistency=1)
    if flaw == "disfluent":
        response, fluency = _disfluent(response, rng)
        grades = replace(grades, fluency=fluency)
    spans = Spans(
        understanding=_understanding(situation, slots["reflect"], rng),
        reasoning=_reasoning(profile, situation, style, rng),
        emotion=situation.emotion,
        response=response,
    )
    return Reply(spans, style, flaw, grades)


def _slots(profile: Profile, situation: Situation, rng: random.Random) -> dict[str, str]:
    emotion = EMOTIONS[situation.emotion]
    topic = situation.your_topic
    return {
        "topic": topic,
        "topic_cap": topic[0].upper() + topic[1:],
        "reflect": rng.choice(emotion.reflects),
        "question": rng.choice(_QUESTIONS),
        "plain": rng.choice(_PLAIN[emotion.pleasant]),
        "doing": rng.choice((profile.interest, profile.second_interest)).doing,
        "job": profile.job,
        "room": "a quiet hour" if profile.introvert else "good company",
        "type_word": "who thinks in silence" if profile.introvert else "who thinks out loud",
    }


def _slots_of_another(situation: Situation, rng: random.Random) -> dict[str, str]:
    """Topic and feeling of some other emotion: what an off-topic reply speaks about."""
    other = rng.choice([label for label in EMOTIONS if label != situation.emotion])
    topic = sample_situation(other, rng).your_topic
    return {
        "topic": topic,
        "topic_cap": topic[0].upper() + topic[1:],
        "reflect": rng.choice(EMOTIONS[other].reflects),
    }


def _against(profile: Profile, rng: random.Random) -> str:
    """A sentence that contradicts the profile."""
    own = {profile.interest.doing, profile.second_interest.doing}
    foreign = rng.choice([interest.doing for interest in INTERESTS if interest.doing not in own])
    unlike = (
        "Invite fifty people, you love a crowd."
        if profile.introvert
        else "Stay in alone, you never liked people."
    )
    return rng.choice((f"I know you love {foreign} above all.", unlike))


def _disfluent(text: str, rng: random.Random) -> tuple[str, int]:
    """The text with its grammar broken, and the fluency that is left."""
    words = text.split(" ")
    kind = rng.choice(("stutter", "gaps", "shuffle"))
    if kind == "stutter":
        at = rng.randrange(len(words))
        return " ".join([*words[:at], *[words[at]] * 3, *words[at:]]), 3
    if kind == "gaps":
        return " ".join(word for word in words if rng.random() > 0.3).lower().rstrip(
            ".?"
        ) or "no", 2
    rng.shuffle(words)
    return " ".join(words).lower(), 1


def _understanding(situation: Situation, reflect: str, rng: random.Random) -> str:
    topic = situation.their_topic
    felt = in_third_person(reflect)
    return rng.choice(
        (
            f"The seeker talks about {topic}. They {felt}.",
            f"This is about {topic}. I understand that they {felt}.",
            f"They bring up {topic} and show that they {felt}.",
        )
    )


def _reasoning(profile: Profile, situation: Situation, style: str, rng: random.Random) -> str:
    tempo = "time to think" if profile.introvert else "someone to talk to"
    who = rng.choice(
        (
            f"As an {profile.mbti} they want {tempo}.",
            f"They like {profile.interest.doing} and want {tempo}.",
            f"They are {profile.job} and want {tempo}.",
        )
    )
    return f"{who} What is needed is {EMOTIONS[situation.emotion].need}. {_STRATEGY[style]}"
