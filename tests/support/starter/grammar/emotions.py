"""The emotions of the grammar: what a seeker says, what a supporter hears, what is needed.

Labels are some of EmpatheticDialogues, as KardiaBench uses them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Emotion:
    """`cues` are the seeker's sentences in the first person, without the label. `reflects` complete
    "It sounds like you ...". `need` completes "What is needed is ..."."""

    pleasant: bool
    cues: tuple[str, ...]
    reflects: tuple[str, ...]
    need: str


def _pleasant(cues: str, reflects: str, need: str) -> Emotion:
    """Cues and reflects are written one after the other, parted by bars."""
    return Emotion(True, tuple(cues.split(" | ")), tuple(reflects.split(" | ")), need)


def _unpleasant(cues: str, reflects: str, need: str) -> Emotion:
    return Emotion(False, tuple(cues.split(" | ")), tuple(reflects.split(" | ")), need)


EMOTIONS: dict[str, Emotion] = {
    "joyful": _pleasant(
        "I keep smiling about it. | I danced around the kitchen. | I have not laughed like "
        "that in months. | I could have hugged the whole street. | My cheeks hurt from "
        "grinning. | I whistled all day long.",
        "are bubbling over with good news | feel light from head to toe | are dancing inside "
        "| shine with happiness | want to hug the whole world",
        "somebody to share the delight with",
    ),
    "proud": _pleasant(
        "All that work paid off. | I told everyone who would listen. | I stood a bit taller. "
        "| It took years and now it is done. | I framed the certificate. | Look what became "
        "of it!",
        "earned this step by step | see what the effort was for | hold your head high | have "
        "every right to glow | made something of it",
        "the effort to be seen, not only the result",
    ),
    "grateful": _pleasant(
        "I keep smiling about it. | I don't know how to ever repay it. | They did not have "
        "to do that. | I baked them a thank-you cake. | What a gift that was. | I will never "
        "forget this help.",
        "were given something you won't forget | want to thank them from the heart | count "
        "this as a gift | know how much it cost them | feel carried by their kindness",
        "space to say thanks in full",
    ),
    "sentimental": _pleasant(
        "I sat there for an hour, thinking of those days. | I will never throw it away. | It "
        "is a small thing, yet it means so much. | I held it against my chest. | Nobody else "
        "would see what it is worth. | I got a lump in my throat over so little.",
        "hold this very dear | were touched by something small | treasure what others "
        "overlook | keep a whole love in one object | melt at such a token",
        "somebody who treats a small thing as precious",
    ),
    "sad": _unpleasant(
        "Everything feels heavy since then. | I cried in the car. | Nothing tastes of "
        "anything. | The tears come without warning. | I stare out of the window. | I miss "
        "it so much.",
        "are carrying a quiet grief | feel the loss of it | have tears close by | mourn what "
        "is over | ache with missing",
        "time to grieve without being cheered up",
    ),
    "lonely": _unpleasant(
        "The evenings are so quiet. | Nobody calls any more. | I leave the radio on for a "
        "voice. | I set the table for one. | I have not spoken to a soul all day. | Nobody "
        "would notice if I stayed in bed.",
        "have nobody near to talk to | feel the silence around you | long for a familiar "
        "voice | are left outside of every circle | miss being missed",
        "company before suggestions",
    ),
    "angry": _unpleasant(
        "I could feel my jaw tighten. | It is not fair and they know it. | I want to tell "
        "them what I think. | They had no right to do that. | I slammed the door. | How dare "
        "they?",
        "were treated unfairly | had a line crossed that matters to you | want justice for "
        "this | won't swallow that wrong | have good reason to object",
        "the injustice to be heard",
    ),
    "guilty": _unpleasant(
        "It was my fault. | I should have said something. | I keep saying sorry in my head. "
        "| I wish I could undo it. | They trusted me and I failed them. | I owe them an "
        "apology.",
        "blame yourself for what happened | wish you could put it right | carry the weight "
        "of a mistake | want to make amends | replay what you should have done",
        "room for remorse and for repair",
    ),
}
