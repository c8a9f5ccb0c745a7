"""A context that is too long for the model that reads it: what is left out, and how that is told.

The model's own count decides, in tokens: a server refuses a prompt that it can't read, and the
trainer asks its tokenizer. Nothing is cut in the middle: whole exchanges go, the oldest first, and
`cut` counts them.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from webapp.llm.call_record import CallRecord
from webapp.llm.errors import ModelError, RequestRefused

T = TypeVar("T")
Context = dict[str, Any]


def exchanges_of(turns: Sequence[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Turns ({"role", "text"}) cut where the seeker speaks again after the supporter."""
    starts = [
        index
        for index, (before, turn) in enumerate(pairwise(turns), start=1)
        if (before["role"], turn["role"]) == ("supporter", "seeker")
    ]
    return [list(turns[i:j]) for i, j in pairwise([0, *starts, len(turns)]) if i < j]


def shortened(context: Context) -> Context | None:
    """The context without the older half of its exchanges; None where only one is left."""
    exchanges = exchanges_of(context["history"])
    gone = len(exchanges) // 2
    if not gone:
        return None
    history = [turn for exchange in exchanges[gone:] for turn in exchange]
    return {**context, "history": history, "cut": context["cut"] + gone}


async def ask_what_fits(
    context: Context, ask: Callable[[Context], Awaitable[T]]
) -> tuple[T, Context, tuple[CallRecord, ...]]:
    """What `ask` gives for the context, or for as much of it as the model can read; that context;
    and the calls that were refused before. Raises ModelError with all calls, also where the last
    exchange alone is too long."""
    refused: tuple[CallRecord, ...] = ()
    while True:
        try:
            return await ask(context), context, refused
        except ModelError as error:
            refused += tuple(error.calls)
            is_too_long = isinstance(error, RequestRefused) and error.is_too_long
            shorter = shortened(context) if is_too_long else None
            if shorter is None:
                error.calls = refused
                raise
            context = shorter
