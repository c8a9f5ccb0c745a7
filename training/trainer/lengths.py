"""Whether every prompt and its reply fit into the model's context."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from training.trainer.data import Row
from training.trainer.strict import ConfigError

if TYPE_CHECKING:
    # The studio asks for a model's context, and loads no transformers for it.
    from transformers import PreTrainedTokenizerBase as Tokenizer


def context_of(model: Path) -> int | None:
    """The tokens that a model folder's config allows for prompt and reply together; None where
    it does not say."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    most = (config.get("text_config") or config).get("max_position_embeddings")
    return most if isinstance(most, int) and most > 0 else None


def require_fit(
    rows: Sequence[Row], role: str, *, tokenizer: "Tokenizer", context: int | None, reply: int
) -> None:
    """Raises ConfigError, with how many do not fit and how long the longest is, where a prompt
    and its reply are longer than `context`. `reply` is the longest reply in tokens; a completion
    to imitate counts with its own length."""
    if context is None:
        return
    lengths = [_length(row, tokenizer, reply) for row in rows]
    too_long = sum(length > context for length in lengths)
    if too_long:
        raise ConfigError(
            f"data.{role}",
            f"{too_long} of {len(rows)} prompts are too long for this model. The longest has "
            f"{max(lengths):,} tokens with its reply, but the model reads at most {context:,}. "
            "Choose a model that reads more, shorter replies, or shorter dialogues.",
        )


def _length(row: Row, tokenizer: "Tokenizer", reply: int) -> int:
    prompt = tokenizer.apply_chat_template(row.messages, add_generation_prompt=True, tokenize=False)
    tokens = len(tokenizer(str(prompt), add_special_tokens=False)["input_ids"])
    if row.completion is None:
        return tokens + reply
    # One more for the token that ends the reply.
    own = len(tokenizer(row.completion, add_special_tokens=False)["input_ids"]) + 1
    return tokens + max(own, reply)
