"""Situations: for each emotion ten frames with slots, each frame an event and its topic.

A frame is "event | topic". The event is a first-person clause to which a time and a cue of the
feeling are added; the topic is the noun phrase by which a supporter speaks of it to the seeker.
Slots in braces are filled alike in both.
"""

import random
import re
from dataclasses import dataclass

from tests.support.starter.grammar.emotions import EMOTIONS
from tests.support.starter.grammar.words import PEOPLE, fill_slots

FRAMES: dict[str, tuple[str, ...]] = {
    "joyful": (
        "{relative} came home from hospital healthy | having {relative} home",
        "{child} took the first steps | the first steps of {child}",
        "we sang all the way to {place} | the drive to {place}",
        "{friend} and I laughed through the whole {event} | the {event} with {friend}",
        "I got the keys to my first flat in {town} | your first flat in {town}",
        "{friend} asked me to be a witness at the {event} | being a witness at the {event}",
        "our team won the cup in {town} | the cup in {town}",
        "I finished the last payment on my {thing} | the last payment on the {thing}",
        "{relative} and I splashed through every puddle in {town} | the puddles of {town}",
        "{child} told the first joke and it was good | the first joke of {child}",
    ),
    "proud": (
        "{child} graduated with honours | the graduation of {child}",
        "I finished my first marathon in {town} | your marathon in {town}",
        "{relative} has been sober for a year | the sober year of {relative}",
        "I built a {thing} with my own hands | the {thing} you built",
        "I got a medal at work in front of {colleague} | the medal at work",
        "{child} stood up to a bully for a classmate | {child} and the bully",
        "I paid off the debt I made at twenty | the debt you paid off",
        "my photo of {place} hangs in a gallery | the photo of {place}",
        "I restored the organ of {place} over four winters | the organ of {place}",
        "{child} donated the birthday money to the shelter | the donation of {child}",
    ),
    "grateful": (
        "{friend} lent me money for the {thing} | the help of {friend}",
        "{colleague} covered my shifts for a month | {colleague} covering the shifts",
        "a stranger in {town} returned my purse | the purse from {town}",
        "{relative} looked after {child} so that I could rest | the rest that {relative} gave you",
        "{friend} drove all night from {town} to be with me | that night drive of {friend}",
        "a nurse stayed on after her shift for {relative} | the nurse who stayed",
        "{colleague} wrote the letter that got me the post | the letter from {colleague}",
        "{colleague} told the truth in my favour | the truth from {colleague}",
        "{friend} proofread all my applications | {friend} proofreading",
        "a retired judge helped me fill in the asylum forms | the retired judge",
    ),
    "sentimental": (
        "I came across the scarf that {relative} knitted | the scarf from {relative}",
        "I read the card that {child} drew for me | the card from {child}",
        "I packed away the first shoes of {child} | the first shoes of {child}",
        "I wore the ring that belonged to {relative} | the ring of {relative}",
        "I kept the ticket from the {event} in my purse | the ticket from the {event}",
        "I mended the {thing} that {friend} left me | the {thing} from {friend}",
        "I pressed a flower from {place} into a book | the flower from {place}",
        "I sewed the old buttons of {relative} onto my coat | the buttons of {relative}",
        "I hung the paper star that {child} cut out | the paper star of {child}",
        "I wound the pocket watch that {relative} carried | the pocket watch of {relative}",
    ),
    "sad": (
        "we sold {place} where I spent my childhood | selling {place}",
        "{pet} got too old to walk with me | {pet} growing old",
        "{friend} told me we have grown apart | growing apart from {friend}",
        "{relative} no longer knew my name | {relative} forgetting your name",
        "I watched {child} leave for {town} | {child} leaving for {town}",
        "the bookshop at {place} closed for good | the closed bookshop",
        "I gave away the {thing} of {relative} | giving away the {thing}",
        "the choir of {place} sang its last song | the last song at {place}",
        "a swan near {place} waited for its dead mate | the swan near {place}",
        "the playground where {child} learned to climb was torn down | the playground",
    ),
    "lonely": (
        "I ate {food} alone on my birthday | the birthday alone",
        "{friend} moved away to {town} and never calls | {friend} moving to {town}",
        "I know nobody in {town} | having nobody in {town}",
        "everyone but me was asked to the {event} | the {event} without you",
        "{child} left home and the rooms are silent | the silent rooms",
        "I spent the holidays at {place} by myself | the holidays at {place}",
        "{pet} died and nobody waits at the door | the door without {pet}",
        "the ward in {town} had visitors for all but me | the ward in {town}",
        "the chat group of {friend} fell silent after I wrote | the silent chat group",
        "I keep the lighthouse near {town} through the winter | the lighthouse near {town}",
    ),
    "angry": (
        "{colleague} blamed me for the mistake of {friend} | the blame from {colleague}",
        "my boss in {town} cut my pay without a reason | the pay cut in {town}",
        "the landlord in {town} kept my deposit | the kept deposit",
        "{relative} insulted my partner at the {event} | the insult at the {event}",
        "a driver scratched my {thing} and left | the scratched {thing}",
        "{friend} broke a promise to {child} | the promise to {child}",
        "the council in {town} closed {place} | closing {place}",
        "they doubled the rent of {relative} in {town} | the doubled rent",
        "{colleague} scheduled the strike vote on my day off | the strike vote",
        "{relative} gave my inheritance to a preacher | the inheritance",
    ),
    "guilty": (
        "I forgot to feed the goldfish of {friend} | the goldfish of {friend}",
        "I broke the {thing} of {relative} and said nothing | the broken {thing} of {relative}",
        "I missed the last call of {relative} | the missed call of {relative}",
        "I let {colleague} take the blame for me | letting {colleague} take the blame",
        "I skipped the {event} of {child} for work | the missed {event} of {child}",
        "I promised to visit {relative} in {town} and did not | the promise to {relative}",
        "I crashed the van of {friend} on the way to {town} | the van of {friend}",
        "I lost the key of {place} and they closed it | the key of {place}",
        "I gave {friend} a lift to the casino in {town} | the lift to the casino",
        "I missed the parents' evening of {child} at {place} | the parents' evening",
    ),
}
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
    first person or animal in it as said to the seeker, or "".
    """

    emotion: str
    frame: int
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
    """Of the ten frames of an emotion seven train, one validates and two test."""
    return "train" if frame < 7 else "validation" if frame < 8 else "test"


def sample_situation(emotion: str, rng: random.Random, split: str) -> Situation:
    """One situation of `emotion`, every slot filled, of a frame of `split`."""
    frame = rng.choice([f for f in range(len(FRAMES[emotion])) if split_of_frame(f) == split])
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
        split=split_of_frame(frame),
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
