"""What judging gives: one score per criterion, and the model calls behind it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rubrics.core.spec import Outcome, Status
from webapp.llm.call_record import CallRecord


@dataclass(frozen=True)
class CriterionScore:
    """`value` is set exactly when `status` is `scored`; otherwise `reason` says why not.

    `expected` is the mean of the judge's distribution over the levels, where it has one. Where a
    veto capped them, `value` and `expected` are below what the judge gave, and `rationale` says so.
    """

    uid: str
    status: Status
    value: float | None = None
    expected: float | None = None
    rationale: str = ""
    evidence: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class JudgeResult:
    """`given_up` says why the endpoint was not asked any more: it failed again and again. Empty
    where it was asked. `server_error` is what the endpoint failed for, whatever the text; empty
    where it did not. `cut` counts the oldest exchanges that the judge did not read."""

    key: str
    scores: Mapping[str, CriterionScore]
    calls: tuple[CallRecord, ...] = ()
    given_up: str = ""
    server_error: str = ""
    cut: int = 0

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What `rubrics.core.spec.total` takes."""
        return {uid: Outcome(score.status, score.value) for uid, score in self.scores.items()}
