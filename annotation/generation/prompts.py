"""The prompts of supporter and seeker, made in this one place for every model and every use.

What all prompts share comes first, so that a server's prefix cache helps; then the profile, the
situation and the turns. The supporter never reads the seeker's emotion: it has to name it.
"""

from collections.abc import Sequence
from typing import TypedDict

from annotation.formats.emotions import EMOTIONS
from rubrics.judging.spans import SPAN_NAMES


class Turn(TypedDict):
    """One turn before: `role` is "seeker" or "supporter"; a supporter's text is its response."""

    role: str
    text: str


class Message(TypedDict):
    """One message of the chat-completions protocol."""

    role: str
    content: str


# Chat templates want the user to speak first; the seeker, who is the assistant then, answers.
SEEKER_OPENER = "Hello. What would you like to talk about?"

_SUPPORTER = (
    "You are the supporter of the person below. Answer the last message in four spans: "
    + " ".join(f"<|{name}_begin|>...<|{name}_end|>" for name in SPAN_NAMES)
    + f". The emotion is one of: {' '.join(EMOTIONS)}. The response is about 30 words."
)

_SEEKER = (
    "You are the person below. You talk with a supporter. Write your next message, in the first "
    "person, true to your profile, situation and emotion. Do not name the emotion."
)


def prompt_messages(profile: str, situation: str, history: Sequence[Turn]) -> list[Message]:
    """The supporter's prompt for the reply to `history`, whose last turn is the seeker's."""
    if not history or history[-1]["role"] != "seeker":
        raise ValueError("The supporter answers a turn of the seeker.")
    system = f"{_SUPPORTER}\n\n{profile}\nSituation: {situation}"
    return [_message("system", system), *_turns(history, speaker="supporter")]


def seeker_messages(
    profile: str, situation: str, emotion: str, history: Sequence[Turn]
) -> list[Message]:
    """The seeker's prompt for the turn after `history`, which is empty or ends with a supporter."""
    if history and history[-1]["role"] != "supporter":
        raise ValueError("The seeker answers a turn of the supporter.")
    system = f"{_SEEKER}\n\n{profile}\nSituation: {situation}\nEmotion: {emotion}"
    opener = _message("user", SEEKER_OPENER)
    return [_message("system", system), opener, *_turns(history, speaker="seeker")]


def _turns(history: Sequence[Turn], *, speaker: str) -> list[Message]:
    """The turns as chat messages, where `speaker` is the assistant."""
    return [
        _message("assistant" if turn["role"] == speaker else "user", turn["text"])
        for turn in history
    ]


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}
