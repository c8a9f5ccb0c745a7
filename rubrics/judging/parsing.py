"""A judge's reply into scores. Fails closed: what cannot be read is `failed`, never a number."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rubrics.core.numbers import whole
from rubrics.core.spec import CriterionSpec
from rubrics.judging.prompts import criterion_key
from rubrics.judging.results import CriterionScore
from rubrics.judging.schema import allowed_scores
from webapp.llm.wrappers import unwrapped
from webapp.text import storable_json

MAX_REPLY = 100_000
_REASONS = {"evidence", "rationale"}
_ENTRY_FIELDS = _REASONS | {"score"}


class ReplyError(Exception):
    """Why a reply, or one entry of it, cannot be read."""


def parse_reply(text: str, criteria: Sequence[CriterionSpec]) -> list[CriterionScore]:
    """One score per criterion, in their order. Never raises.

    A reply that is not exactly one JSON object of the asked criteria fails all of them; a
    missing or broken entry fails its own criterion.
    """
    try:
        reply = _read_entries(text, len(criteria))
    except ReplyError as error:
        return [failed(criterion, str(error)) for criterion in criteria]
    return [_score(c, reply.get(criterion_key(i))) for i, c in enumerate(criteria)]


def parse_rationale(text: str) -> tuple[str, tuple[str, ...]]:
    """Rationale and evidence of a reply about one criterion that was not asked for its score.
    Raises ReplyError."""
    entry = _read_entries(text, 1).get(criterion_key(0))
    return _read_reasons(_object_of(_REASONS, entry, "evidence and rationale"))


def parse_level(
    text: str,
    logprobs: Mapping[str, float] | None,
    criterion: CriterionSpec,
    rationale: str,
    evidence: tuple[str, ...],
) -> CriterionScore:
    """The score in an answer that is one of `allowed_scores`, with the mean of the levels by their
    probabilities, where the server told these (`logprobs`, in nats). Never raises."""
    given = text.strip()
    allowed = {str(score): score for score in allowed_scores(criterion)}
    if given not in allowed:
        return failed(criterion, f"The score {given!r:.40} is not on the scale.")
    if given == "not_applicable":
        return CriterionScore(criterion.uid, "not_applicable", reason=rationale, evidence=evidence)
    return CriterionScore(
        criterion.uid,
        "scored",
        value=float(allowed[given]),
        expected=_expected(logprobs or {}, criterion),
        rationale=rationale,
        evidence=evidence,
    )


def _expected(logprobs: Mapping[str, float], criterion: CriterionSpec) -> float | None:
    """A level that the server did not report is too unlikely to count."""
    weights = {
        level: math.exp(logprobs[str(level)])
        for level in criterion.level_values
        if str(level) in logprobs
    }
    total = sum(weights.values())
    return sum(level * weight for level, weight in weights.items()) / total if total else None


def failed(criterion: CriterionSpec, reason: str) -> CriterionScore:
    """The record of a judge that gave no usable answer."""
    return CriterionScore(criterion.uid, "failed", reason=reason)


def read_object(text: str) -> dict[str, Any]:
    """The one JSON object that a reply is, storable; it may stand in a code fence or after a think
    block. Raises ReplyError for anything else."""
    if not text.strip():
        raise ReplyError("The reply is empty.")
    if len(text) > MAX_REPLY:
        raise ReplyError("The reply is far too long.")
    try:
        reply = json.loads(unwrapped(text), object_pairs_hook=_unique, parse_constant=_no_constant)
        reply = storable_json(reply)
    except (ValueError, RecursionError) as error:
        raise ReplyError("The reply is not one complete JSON object.") from error
    if not isinstance(reply, dict):
        raise ReplyError("The reply is JSON, but not an object.")
    return reply


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # With a repeated key, which of two scores counts would be the parser's choice.
    if len(dict(pairs)) < len(pairs):
        raise ReplyError("The reply gives the same entry twice.")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ReplyError(f"The reply has {name}, which is not JSON.")


def _score(criterion: CriterionSpec, entry: Any) -> CriterionScore:
    try:
        rationale, evidence, score = _read_entry(entry)
        if score not in allowed_scores(criterion):
            raise ReplyError(f"The score {score!r:.40} is not on the scale.")
    except ReplyError as error:
        return failed(criterion, str(error))
    if score == "not_applicable":
        return CriterionScore(criterion.uid, "not_applicable", reason=rationale, evidence=evidence)
    return CriterionScore(
        criterion.uid, "scored", value=float(score), rationale=rationale, evidence=evidence
    )


def _read_entries(text: str, criteria: int) -> dict[str, Any]:
    reply = read_object(text)
    if unknown := set(reply) - {criterion_key(i) for i in range(criteria)}:
        raise ReplyError(f"The reply has an entry that was not asked for: {min(unknown)!r}.")
    return reply


def _read_entry(entry: Any) -> tuple[str, tuple[str, ...], Any]:
    read = _object_of(_ENTRY_FIELDS, entry, "evidence, rationale and score")
    rationale, evidence = _read_reasons(read)
    score = read["score"]
    if not isinstance(score, str):
        score = whole(score)
    if score is None:
        raise ReplyError("The score is not a level.")
    return rationale, evidence, score


def _object_of(fields: set[str], entry: Any, in_words: str) -> dict[str, Any]:
    if entry is None:
        raise ReplyError("The reply leaves this criterion out.")
    if not isinstance(entry, dict) or set(entry) != fields:
        raise ReplyError(f"The entry is not an object of {in_words}.")
    return entry


def _read_reasons(entry: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    rationale, evidence = entry["rationale"], entry["evidence"]
    if not isinstance(rationale, str) or not rationale.strip():
        raise ReplyError("The score has no rationale.")
    if not isinstance(evidence, list) or not all(isinstance(quote, str) for quote in evidence):
        raise ReplyError("The evidence is not a list of passages.")
    return rationale.strip(), tuple(quote for quote in evidence if quote.strip())
