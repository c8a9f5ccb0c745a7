"""Prompts and their replies within the model's context, counted in its tokens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rubrics.judging.fitting import shortened
from training.trainer.data import Row
from training.trainer.strict import ConfigError

if TYPE_CHECKING:
    # The studio asks for a model's context, and loads no transformers for it.
    from transformers import PreTrainedTokenizerBase as Tokenizer


# Of the prompts that do not fit, so many are named.
_NAMED = 5


def context_of(model: Path) -> int | None:
    """The tokens that a model folder's config allows for prompt and reply together; None where
    it does not say."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    most = (config.get("text_config") or config).get("max_position_embeddings")
    return most if isinstance(most, int) and most > 0 else None


def fitted(
    rows: Sequence[Row], role: str, *, tokenizer: "Tokenizer", context: int | None, reply: int
) -> list[Row]:
    """The rows as the model can read them: where a prompt and its reply are longer than `context`,
    the oldest exchanges are left out, for the judge too, and the row's context counts them in
    `cut`. `reply` is the longest reply in tokens; a completion to imitate counts with its own.

    Raises ConfigError, with the names of those that do not fit with their last exchange alone, and
    how long the longest of them is."""
    if context is None:
        return list(rows)
    kept: list[Row] = []
    too_long: dict[str, int] = {}
    for row in rows:
        while (length := _length(row, tokenizer, reply)) > context:
            shorter = _shortened(row)
            if shorter is None:
                too_long[row.name or row.id] = length
                break
            row = shorter
        kept.append(row)
    if too_long:
        raise _refusal(role, too_long, len(rows), context)
    return kept


def _shortened(row: Row) -> Row | None:
    """The row without the older half of its exchanges, in the prompt and in what a judge reads;
    None where one is left, or where the prompt is not made of the history."""
    history = row.context["history"]
    shorter = shortened({"cut": 0, **row.context})
    if shorter is None or len(row.messages) != len(history) + 1:
        return None
    kept = len(shorter["history"])
    messages = [row.messages[0], *row.messages[-kept:]]
    return replace(row, messages=messages, context=shorter)


def _refusal(role: str, too_long: Mapping[str, int], rows: int, context: int) -> ConfigError:
    more = len(too_long) - _NAMED
    named = "; ".join(list(too_long)[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return ConfigError(
        f"data.{role}",
        f"{len(too_long)} of {rows} prompts are too long for this model ({named}). The longest has "
        f"{max(too_long.values()):,} tokens with its reply, but the model reads at most "
        f"{context:,}. Choose a model that reads more, shorter replies, or shorter dialogues.",
    )


def _length(row: Row, tokenizer: "Tokenizer", reply: int) -> int:
    prompt = tokenizer.apply_chat_template(row.messages, add_generation_prompt=True, tokenize=False)
    tokens = len(tokenizer(str(prompt), add_special_tokens=False)["input_ids"])
    if row.completion is None:
        return tokens + reply
    # One more for the token that ends the reply.
    own = len(tokenizer(row.completion, add_special_tokens=False)["input_ids"]) + 1
    return tokens + max(own, reply)
