"""What the critic decides about one attempt at a reply. Pure.

An attempt is judged by a published rubric. It FAILs where its four spans are broken or a criterion
stays below the level that the run asks for. Else it PASSes, and is SOLVED where the exchange and
the rubric's total reach what the run names for that.
Source: Kardia-R1 (arXiv 2512.01282), “model-in-the-loop synthesis”.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rubrics.core.spec import CriterionSpec, Outcome, RubricSpec, total
from rubrics.judging.results import CriterionScore
from rubrics.judging.spans import parse_spans
from webapp.text import listed

Verdict = Literal["fail", "pass", "solved"]
ANY_LEVEL = "any level"


class NoVerdict(Exception):
    """The critic's answer can't be used; the message says why. No verdict is made up for it."""


@dataclass(frozen=True)
class Rule:
    """What a run asks of a reply. `thresholds` has the PASS level of each criterion by uid: the
    lowest that passes, or the highest where the criterion counts against a reply.

    `solved_total` is None where no dialogue ends early. `profile_criterion` is the uid of the
    criterion that says whether a reply contradicts the profile; empty where there is none.
    """

    spec: RubricSpec
    thresholds: Mapping[str, int]
    revisions: int
    solved_total: float | None
    solved_from: int
    profile_criterion: str = ""


@dataclass(frozen=True)
class Shortfall:
    """A criterion that an attempt did not reach."""

    criterion: CriterionSpec
    score: CriterionScore
    threshold: int


@dataclass(frozen=True)
class Judgement:
    """`total` is the rubric's, None where it is undefined. `problems` are those of the spans."""

    verdict: Verdict
    total: float | None
    shortfalls: tuple[Shortfall, ...]
    problems: tuple[str, ...]


def judge_attempt(
    rule: Rule, scores: Mapping[str, CriterionScore], raw: str, *, exchange: int
) -> Judgement:
    """The verdict on the reply `raw` in the exchange with this number, counted from 1.

    Raises NoVerdict where a criterion has no score: what was not judged neither passes nor fails.
    """
    _require_whole(rule.spec, scores)
    outcomes = {uid: Outcome(score.status, score.value) for uid, score in scores.items()}
    score = total(rule.spec, outcomes)
    shortfalls = tuple(_shortfalls(rule, scores))
    problems = parse_spans(raw).problems
    if shortfalls or problems:
        return Judgement("fail", score, shortfalls, problems)
    return Judgement("solved" if _is_solved(rule, score, exchange) else "pass", score, (), ())


def criteria_asked(spec: RubricSpec) -> tuple[CriterionSpec, ...]:
    """The criteria that can have a PASS level. The emotion check can't: the critic never learns
    the emotion that the dialogue is written for."""
    return tuple(
        criterion
        for criterion in spec.criteria
        if len(criterion.level_values) > 1 and criterion.check != "emotion_match"
    )


def default_thresholds(spec: RubricSpec) -> dict[str, int]:
    """The level in the middle of each scale, or the next above it. What counts against a reply
    must not be met."""
    found = {}
    for criterion in criteria_asked(spec):
        values = criterion.level_values
        middle = next(value for value in values if 2 * value >= values[0] + values[-1])
        found[criterion.uid] = values[0] if criterion.counts_against else middle
    return found


def thresholds_in_words(rule: Rule) -> list[tuple[str, str]]:
    """(criterion, what passes) in the order of the rubric."""
    return [
        (criterion.name, needed_in_words(criterion, rule.thresholds[criterion.uid]))
        for criterion in criteria_asked(rule.spec)
        if criterion.uid in rule.thresholds
    ]


def needed_in_words(criterion: CriterionSpec, threshold: int) -> str:
    """What passes where this is the threshold: “at least 3”."""
    values = criterion.level_values
    if threshold == (values[-1] if criterion.counts_against else values[0]):
        return ANY_LEVEL
    if len(values) == 2:
        return "must not be met" if criterion.counts_against else "must be met"
    return f"{'at most' if criterion.counts_against else 'at least'} {threshold}"


def why_never_passed(rule: Rule, judgement: Judgement) -> tuple[str, str]:
    """(reason of the drop, in words) for a turn whose last attempt failed. The reasons are those
    of `annotation.models.GenerationItem.Drop`."""
    if judgement.problems:
        return "structure", " ".join(judgement.problems)
    short = [shortfall.criterion for shortfall in judgement.shortfalls]
    contradicts = any(criterion.uid == rule.profile_criterion for criterion in short)
    names = listed(criterion.name or criterion.uid for criterion in short)
    return "profile" if contradicts else "no_pass", f"It stayed below the PASS level in: {names}."


def _require_whole(spec: RubricSpec, scores: Mapping[str, CriterionScore]) -> None:
    missing: dict[str, list[str]] = {}
    for criterion in spec.criteria:
        score = scores.get(criterion.uid)
        if score is None or score.status in ("failed", "not_scored"):
            reason = score.reason if score is not None else "The critic left it out."
            missing.setdefault(reason, []).append(criterion.name or criterion.uid)
    if missing:
        raise NoVerdict(" ".join(f"{', '.join(n)}: {reason}" for reason, n in missing.items()))


def _shortfalls(rule: Rule, scores: Mapping[str, CriterionScore]) -> Iterator[Shortfall]:
    """What is not applicable is left out."""
    for criterion in rule.spec.criteria:
        score, threshold = scores[criterion.uid], rule.thresholds.get(criterion.uid)
        if score.value is None or threshold is None:
            continue
        too_high = criterion.counts_against and score.value > threshold
        too_low = not criterion.counts_against and score.value < threshold
        if too_high or too_low:
            yield Shortfall(criterion, score, threshold)


def _is_solved(rule: Rule, score: float | None, exchange: int) -> bool:
    if rule.solved_total is None or score is None:
        return False
    return exchange >= rule.solved_from and score >= rule.solved_total
