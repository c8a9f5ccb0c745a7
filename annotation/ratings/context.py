"""What a rater may know of a turn: one function for people and judges alike.

Profile, situation and the turns before, of supporter turns the response only, never a later
turn and never the gold emotion. System turns are left out: they are instructions to a model
and often name the gold emotion.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from annotation.formats.hashing import sha256_json
from rubrics.core.text import canon
from rubrics.judging.fitting import exchanges_of
from rubrics.judging.spans import SPAN_NAMES, loose_spans

# About 3,000 of a judge's 4,096 tokens of English; the rest is the rubric's and the answer's. What
# a model can't read of it all the same is left out when it is asked (rubrics.judging.fitting).
BUDGET_CHARS = 12_000

Context = dict[str, Any]


class TurnLike(Protocol):
    """What `annotation.formats.records.ParsedTurn` and the Turn table have in common."""

    @property
    def role(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def raw(self) -> str: ...
    @property
    def spans(self) -> Mapping[str, str] | None: ...


def build_context(
    profile: str,
    situation: str,
    history: Iterable[TurnLike],
    candidate: TurnLike,
    *,
    budget_chars: int | None = BUDGET_CHARS,
    cut_before: int = 0,
) -> Context:
    """The context of `candidate`, whose `history` is the turns before it, oldest first.

    Returns {"profile": str, "situation": str, "history": [{"role": str, "text": str}],
    "candidate": {"understanding", "reasoning", "emotion", "response", "raw"}, "cut": int}.
    A span that the candidate lacks is "". Where the texts exceed `budget_chars`, the oldest
    exchanges are left out and `cut` says how many, with the `cut_before` that the history lacks
    already. The exchange that the candidate answers always stays, even over the budget.
    """
    shown = _candidate(candidate)
    exchanges = exchanges_of([_said(turn) for turn in history if turn.role != "system"])
    cut = 0
    if budget_chars is not None:
        fixed = len(canon(profile)) + len(canon(situation)) + _length(shown)
        cut = _cut(exchanges, budget_chars - fixed)
    return {
        "profile": canon(profile),
        "situation": canon(situation),
        "history": [turn for exchange in exchanges[cut:] for turn in exchange],
        "candidate": shown,
        "cut": cut_before + cut,
    }


def context_hash(context: Context) -> str:
    """sha256 (hex) of the RFC 8785 JSON of a context.

    `raw` is left out where the four spans are whole, so that both spellings hash alike.
    """
    candidate = context["candidate"]
    return sha256_json({**context, "candidate": _whole_spans(candidate) or candidate})


def _candidate(turn: TurnLike) -> dict[str, str]:
    if turn.spans is not None:
        spans = {name: canon(turn.spans[name]) for name in SPAN_NAMES}
    else:
        spans, _ = loose_spans(turn.raw)
        spans["response"] = canon(turn.text)
    return {**spans, "raw": canon(turn.raw)}


def _whole_spans(candidate: Mapping[str, str]) -> dict[str, str] | None:
    """The four spans where none is missing: then `raw` only repeats them in some spelling."""
    spans = {name: candidate[name] for name in SPAN_NAMES}
    return spans if all(spans.values()) else None


def _length(candidate: Mapping[str, str]) -> int:
    spans = _whole_spans(candidate)
    return sum(map(len, spans.values())) if spans else len(candidate["raw"])


def _said(turn: TurnLike) -> dict[str, str]:
    text = turn.spans["response"] if turn.spans is not None else turn.text
    return {"role": turn.role, "text": canon(text)}


def _cut(exchanges: Sequence[Sequence[dict[str, str]]], room: int) -> int:
    """How many of the oldest exchanges do not fit; the last one always stays."""
    for kept, exchange in enumerate(reversed(exchanges)):
        room -= sum(len(turn["text"]) for turn in exchange)
        if room < 0:
            return len(exchanges) - max(kept, 1)
    return 0
