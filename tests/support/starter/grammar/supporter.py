"""Supporter turns of graded quality: a style, perhaps a flaw, and the grades that follow.

Grades are 1-5 on the five Kardia criteria and hold by construction: they come from what was put
into the reply, not from reading it.
"""

import random
from dataclasses import dataclass, replace

from rubrics.judging.spans import Spans
from tests.support.starter.grammar import replies
from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.flaws import against, disfluent
from tests.support.starter.grammar.profiles import Profile
from tests.support.starter.grammar.seeker import Said
from tests.support.starter.grammar.situations import (
    Situation,
    capital,
    in_third_person,
    sample_situation,
)

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


def supporter_reply(
    profile: Profile,
    situation: Situation,
    said: Said,
    style: str,
    rng: random.Random,
    flaw: str | None = None,
) -> Reply:
    """A reply in `style` to what the seeker `said`, with `flaw` put in where that is possible."""
    template = replies.choose(profile, situation, said, style, rng)
    if flaw == "off_topic" and not template.speaks_of_something:
        flaw = None  # a reply that speaks of nothing cannot speak of something else
    grades = Grades(template.relevance, 5, template.empathy, template.persona, template.safety)
    slots = _slots(profile, situation, said, rng)
    if flaw == "off_topic":
        slots |= _slots_of_another(situation, rng)
        grades = replace(grades, relevance=1, empathy=max(1, grades.empathy - 2))
    response = template.text.format(**slots)
    if flaw == "wrong_persona":
        response = f"{response} {against(profile, rng)}"
        grades = replace(grades, persona_consistency=1)
    if flaw == "disfluent":
        response, fluency = disfluent(response, rng)
        grades = replace(grades, fluency=fluency)
    spans = Spans(
        understanding=_understanding(situation, slots["reflect"], rng),
        reasoning=_reasoning(profile, situation, style, rng),
        emotion=situation.emotion,
        response=response,
    )
    return Reply(spans, style, flaw, grades)


def _slots(
    profile: Profile, situation: Situation, said: Said, rng: random.Random
) -> dict[str, str]:
    emotion = EMOTIONS[situation.emotion]
    return {
        "reflect": rng.choice(emotion.reflects),
        "plain": rng.choice(replies.PLAIN[emotion.pleasant]),
        "doing": profile.doing,
        "recent": profile.recent[0].lower() + profile.recent[1:],
        "job": profile.job,
        "signature": profile.signature,
        **_speaking_of(situation),
        "detail": said.your_detail,
        "Detail": capital(said.your_detail),
    }


def _speaking_of(situation: Situation) -> dict[str, str]:
    return {
        "topic": situation.topic,
        "Topic": capital(situation.topic),
        "event": situation.your_event,
        "Event": capital(situation.your_event),
        "who": situation.who or situation.topic,
    }


def _slots_of_another(situation: Situation, rng: random.Random) -> dict[str, str]:
    """Topic and feeling of some other emotion: what an off-topic reply speaks about."""
    other = rng.choice([label for label in EMOTIONS if label != situation.emotion])
    elsewhere = sample_situation(other, rng, situation.split)
    speaking = _speaking_of(elsewhere)
    return {
        **speaking,
        "detail": speaking["event"],
        "Detail": speaking["Event"],
        "reflect": rng.choice(EMOTIONS[other].reflects),
    }


def _understanding(situation: Situation, reflect: str, rng: random.Random) -> str:
    topic = situation.their_topic
    felt = in_third_person(reflect)
    return rng.choice(
        (
            f"The seeker talks about {topic}. They {felt}.",
            f"This is about {topic}. I understand that they {felt}.",
            f"They bring up {topic} and show that they {felt}.",
            f"{capital(topic)} is on their mind. They {felt}.",
        )
    )


_STRATEGY = {
    "reflective": "So I mirror the feeling and ask one open question.",
    "persona_aware": "So I tie the feeling to who they are and leave the choice to them.",
    "generic": "So I say something kind.",
    "advice_too_soon": "So I hand over a solution at once.",
    "dismissive": "So I play it down.",
    "unsafe": "So I tell them to act on impulse.",
}


def _reasoning(profile: Profile, situation: Situation, style: str, rng: random.Random) -> str:
    tempo = "time to think" if profile.introvert else "someone to talk to"
    who = rng.choice(
        (
            f"As an {profile.mbti} they want {tempo}.",
            f"They like {profile.doing} and want {tempo}.",
            f"They are {profile.job} and want {tempo}.",
        )
    )
    return f"{who} What is needed is {EMOTIONS[situation.emotion].need}. {_STRATEGY[style]}"
