"""The rows that a run trains on and is measured on."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from rubrics.judging.inputs import JudgeInput, candidate_of
from training.trainer.strict import ConfigError, read

Role = Literal["train", "held_out", "validation"]
# What training takes one after the other.
Sample = TypeVar("Sample")


@dataclass(frozen=True)
class Row:
    """One supporter turn to write.

    `messages` is the chat prompt, `emotion` the gold label ("" where unknown), `context` what a
    judge reads: {"profile", "situation", "history", "cut"}. `completion` is the reply to imitate,
    `name` what people call the row.
    """

    id: str
    split: Literal["train", "validation", "test"]
    messages: list
    emotion: str
    context: dict
    completion: str | None = None
    name: str = ""

    @property
    def prompt_tail(self) -> str:
        """What the seeker said last."""
        return self.messages[-1]["content"]

    def judge_input(self, key: str, raw: str) -> JudgeInput:
        """The reply `raw` to this row, as judges read it."""
        context: dict[str, Any] = {
            "cut": 0,
            **self.context,
            "candidate": candidate_of(raw),
            "gold_emotion": self.emotion,
        }
        return JudgeInput(key, context)


@dataclass(frozen=True)
class Conversation:
    """A dialogue as the seeker speaks in it: the assistant's messages are those to imitate."""

    id: str
    split: Literal["train"]
    messages: list
    name: str = ""


def read_conversations(path: Path) -> list[Conversation]:
    """The seeker's side of dialogues, of the train split only. Raises ConfigError."""
    found = []
    for where, line in _lines(path, "seeker"):
        conversation = read(Conversation, _json(line, where), where)
        messages = conversation.messages
        if not all(map(_is_message, messages)) or not messages[1:]:
            raise ConfigError(f"{where}.messages", "A list of {role, content} was expected.")
        if messages[-1]["role"] != "assistant":
            raise ConfigError(
                f"{where}.messages", "The last message must be the seeker's (assistant)."
            )
        found.append(conversation)
    return found


def read_rows(path: Path, role: Role) -> list[Row]:
    """The rows of a JSON-lines file. Raises ConfigError, naming the line.

    Training takes rows of the train split only, and is measured on rows of the other splits.
    The loss that people watch is not computed on the test split.
    """
    rows, seen = [], set()
    for where, line in _lines(path, role):
        row = _row(line, where)
        if role == "train" and row.split != "train":
            raise ConfigError(f"{where}.split", f"A {row.split} row must not be used for training.")
        if role == "held_out" and row.split == "train":
            raise ConfigError(f"{where}.split", "A train row can't be used to measure learning.")
        if role == "validation" and row.split != "validation":
            raise ConfigError(f"{where}.split", f"A {row.split} row can't be used to validate.")
        if row.id in seen:
            raise ConfigError(f"{where}.id", f"The id {row.id} appears twice.")
        seen.add(row.id)
        rows.append(row)
    return rows


def _lines(path: Path, role: str) -> Iterator[tuple[str, str]]:
    """Each line of a file, after the place that an error about it names."""
    # Not splitlines: a text may hold U+2028 and the like, which JSON does not escape.
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        yield f"data.{role}[line {number}]", line


def _json(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(where, f"This is not JSON: {error}") from None


def _row(line: str, where: str) -> Row:
    row = read(Row, _json(line, where), where)
    if not row.messages or not all(map(_is_message, row.messages)):
        raise ConfigError(f"{where}.messages", "A list of {role, content} was expected.")
    if row.messages[-1]["role"] != "user":
        raise ConfigError(f"{where}.messages", "The last message must be the seeker's (user).")
    if not {"profile", "situation", "history"} <= set(row.context):
        raise ConfigError(f"{where}.context", "Profile, situation and history were expected.")
    return row


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, Mapping)
        and set(message) == {"role", "content"}
        and all(isinstance(value, str) for value in message.values())
    )


def in_training_order(
    rows: Sequence[Sample], count: int, seed: int, *, per_step: int
) -> list[Sample]:
    """`count` rows: the data in a new seeded order again and again.

    The whole order is laid out at once, so that a resumed run meets the same rows at the same
    steps, whichever pass over the data it was in. No step crosses two passes: a prompt is never
    twice in one step, as long as the data has `per_step` rows.
    """
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    whole_steps = max(len(rows) - len(rows) % per_step, 1)
    order: list[Sample] = []
    while len(order) < count:
        order += rng.sample(rows, whole_steps)
    return order[:count]
