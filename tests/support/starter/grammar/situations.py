"""Situations: for each emotion twenty frames with slots, each frame an event and its topic.

A frame is "event | topic". The event is a first-person clause to which a time and a cue of the
feeling are added; the topic is the noun phrase by which a supporter speaks of it to the seeker.
Slots in braces are filled alike in both.
"""

import random
import re
from dataclasses import dataclass

from tests.support.starter.grammar import pleasant, unpleasant
from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.everyday import sample_event
from tests.support.starter.grammar.words import PEOPLE, fill_slots

FRAMES: dict[str, tuple[str, ...]] = {**pleasant.FRAMES, **unpleasant.FRAMES}
# Events that are yet to come take no time of the past.
_TO_COME = re.compile(
    r"\b(will|comes?|visits|tomorrow|tonight|Monday|Friday|next month|opens|leaves|may|away|soon"
    r"|is|are|am|have|wants|agreed|keeps?|talk|know|eat|calls|spends|runs|may|start|takes|enter"
    r"|sends|shoots|try|helps|hangs|lets|invited|needs?|weeks|begun|June|March|calendar|Easter|go)\b"
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What happened, in the seeker's words, and how the supporter speaks of it.

    `event` is the first-person clause, `topic` the noun phrase as said to the seeker, `who` the
    first person or animal in it as said to the seeker, or "". `frame` is None for an
    everyday event.
    """

    emotion: str
    frame: int | None
    split: str
    text: str
    event: str
    topic: str
    who: str

    @property
    def your_event(self) -> str:
        return in_second_person(self.event)

    @property
    def my_topic(self) -> str:
        """The topic as the seeker says it."""
        return in_first_person(self.topic)

    @property
    def their_topic(self) -> str:
        """The topic as the supporter thinks of it."""
        return in_third_person(self.topic)


def split_of_frame(frame: int) -> str:
    """Of the twenty frames of an emotion fourteen train, two validate and four test."""
    return "train" if frame < 14 else "validation" if frame < 16 else "test"


def sample_situation(
    emotion: str, rng: random.Random, split: str | None = None, *, everyday: bool = False
) -> Situation:
    """One situation of `emotion`, every slot filled: of a frame, of `split` where one is named, or
    an everyday event."""
    frame = None
    if everyday:
        event, topic = sample_event(rng).split(" | ")
    else:
        frame = rng.choice(
            [f for f in range(len(FRAMES[emotion])) if split in (None, split_of_frame(f))]
        )
        event, topic = FRAMES[emotion][frame].split(" | ")
    filled = fill_slots(rng)
    slots = re.findall(r"{(\w+)}", event)
    who = next((filled[slot] for slot in slots if slot in PEOPLE), "")
    told = event.format(**filled)
    when = "" if _TO_COME.search(event) else f" {filled['when']}"
    cue = rng.choice(EMOTIONS[emotion].cues)
    return Situation(
        emotion=emotion,
        frame=frame,
        split="train" if frame is None else split_of_frame(frame),
        text=f"{capital(told)}{when}. {cue}",
        event=told,
        topic=in_second_person(topic.format(**filled)),
        who=in_second_person(who),
    )


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def in_second_person(text: str) -> str:
    """The seeker's words turned to them: "I sold my aunt's car" becomes "you sold your aunt's
    car"."""
    text = re.sub(r"\bI (was|am)\b", lambda m: {"was": "you were", "am": "you are"}[m[1]], text)
    text = re.sub(r"\band I\b", "and you", text)
    return _swap(text, _TO_SECOND)


def in_first_person(text: str) -> str:
    """The supporter's noun phrase turned back: "the price you told" becomes "the price I told"."""
    return _swap(text, {"your": "my", "you": "I"})


def in_third_person(text: str) -> str:
    """Words said to the seeker as said about them: "you miss your aunt", "they miss their aunt"."""
    text = re.sub(r"\b(to|around|held|on|under) you\b", r"\1 them", text)
    return _swap(text, {"your": "their", "you": "they", "yourself": "themselves"})


_TO_SECOND = {
    **{"I": "you", "my": "your", "me": "you", "myself": "yourself", "our": "your"},
    **{"we": "you", "us": "you", "mine": "yours"},
}


def _swap(text: str, words: dict[str, str]) -> str:
    return re.sub(r"\b[A-Za-z]+\b", lambda match: words.get(match[0], match[0]), text)
