"""Rows within the model's context: the oldest exchanges go, and what can't fit is named."""

from pathlib import Path
from typing import Any

import pytest

from training.trainer.data import Row
from training.trainer.events import EventLog
from training.trainer.lengths import fitted
from training.trainer.run import tell_cuts
from training.trainer.strict import ConfigError


class Words:
    """A tokenizer whose tokens are words; the template adds one word a message."""

    def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> str:
        return " ".join(f"{message['role']} {message['content']}" for message in messages)

    def __call__(self, text: str, **_: Any) -> dict[str, list[str]]:
        return {"input_ids": text.split()}


def row(
    exchanges: int, *, words: int = 10, name: str = "Dialogue 3, turn 8", **changes: Any
) -> Row:
    roles = ["seeker", "supporter"] * exchanges
    history = [{"role": role, "text": "word " * words} for role in roles[:-1]]
    spoken = {"seeker": "user", "supporter": "assistant"}
    messages = [{"role": "system", "content": "Rules."}] + [
        {"role": spoken[turn["role"]], "content": turn["text"]} for turn in history
    ]
    context = {"profile": "P", "situation": "S", "history": history, "cut": 1}
    return Row("id", "train", messages, "sad", context, name=name, **changes)


def fit(*rows: Row, context: int | None, reply: int = 5) -> list[Row]:
    return fitted(rows, "train", tokenizer=Words(), context=context, reply=reply)  # type: ignore[arg-type]


def test_what_fits_stays_as_it_is() -> None:
    # 2 for the system, 7 turns of 11, 5 for the reply.
    whole = row(4)
    assert fit(whole, context=2 + 7 * 11 + 5) == [whole]
    assert fit(whole, context=None) == [whole]


def test_prompt_and_judge_lose_the_same_exchanges_and_the_row_says_so() -> None:
    (cut,) = fit(row(4), context=2 + 7 * 11 + 4)
    assert cut.context["cut"] == 1 + 2
    assert len(cut.context["history"]) == 3 and len(cut.messages) == 1 + 3
    assert cut.messages[0]["role"] == "system" and cut.messages[1]["role"] == "user"
    asked = cut.judge_input("0", "Yes.").context
    assert (asked["cut"], asked["history"]) == (3, cut.context["history"])


def test_a_reply_to_imitate_counts_with_its_own_length() -> None:
    (cut,) = fit(row(2, completion="word " * 20), context=2 + 3 * 11 + 20)
    assert cut.context["cut"] == 2


def test_what_does_not_fit_with_its_last_exchange_is_named() -> None:
    long = [row(2, words=90, name=f"Dialogue {n}, turn 2") for n in range(6)]
    with pytest.raises(ConfigError) as refused:
        fit(row(1), *long, context=50)
    assert "6 of 7 prompts are too long for this model (Dialogue 0, turn 2; " in str(refused.value)
    assert "; and 1 more). The longest has 98 tokens" in str(refused.value)
    # A folder that names no rows.
    with pytest.raises(ConfigError, match=r"\(id\)"):
        fit(row(1, words=90, name=""), context=50)


def test_the_log_says_how_many_were_cut(tmp_path: Path) -> None:
    with EventLog(tmp_path) as events:
        tell_cuts(events, [row(1), row(2)])
    [told] = EventLog(tmp_path).__enter__().earlier
    assert told["text"].startswith("2 of 2 training prompts are shown without")
