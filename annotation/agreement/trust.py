"""Whether a judge can be trusted with a rubric version: criterion by criterion, how close it is to
people on what it did not learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from annotation.agreement.answers import PEOPLE
from annotation.agreement.queries import VersionAgreement
from annotation.agreement.tables import Estimate
from annotation.judge_runs.limits import MIN_ALPHA
from annotation.models import Rater
from rubrics.core.spec import CriterionSpec
from rubrics.models import Judge, RubricVersion
from webapp.accounts.access import Member

Answer = Literal["yes", "no", "not_shown"]


@dataclass(frozen=True)
class CriterionTrust:
    """`alpha`: of the judge with the reference of people; None where it scored nothing that people
    rated, too. `people`: of people among themselves. `off_by`: how far the judge's levels are from
    people's on average, in levels. `left_out`: the items that the judge knows from its fit."""

    criterion: CriterionSpec
    alpha: Estimate | None
    people: Estimate
    off_by: float | None
    left_out: int

    @property
    def answer(self) -> Answer:
        """By the interval of alpha and Krippendorff's limit for tentative conclusions."""
        if self.alpha is None or self.alpha.low is None or self.alpha.high is None:
            return "not_shown"
        if self.alpha.low >= MIN_ALPHA:
            return "yes"
        return "no" if self.alpha.high < MIN_ALPHA else "not_shown"


@dataclass(frozen=True)
class JudgeTrust:
    judge: Judge
    version: RubricVersion
    criteria: Sequence[CriterionTrust]

    @property
    def by_answer(self) -> dict[Answer, list[str]]:
        """The names of the criteria with each answer."""
        found: dict[Answer, list[str]] = {"yes": [], "no": [], "not_shown": []}
        for row in self.criteria:
            found[row.answer].append(row.criterion.name)
        return found

    @property
    def is_compared(self) -> bool:
        """Whether the judge scored something that people rated, too."""
        return any(row.alpha or row.left_out for row in self.criteria)


def trust_of(member: Member, version: RubricVersion, judge: Judge) -> JudgeTrust:
    """From the ratings that this member may see."""
    found = VersionAgreement(member, version)
    raters = Rater.objects.filter(judge=judge).values_list("pk", flat=True)
    rater = next((found.raters[str(pk)] for pk in raters if str(pk) in found.raters), None)
    compared = found.compared(PEOPLE, rater).criteria if rater and found.people else None
    rows = []
    for place, among in enumerate(found.among_people()):
        row = compared[place] if compared else None
        rows.append(
            CriterionTrust(
                criterion=among.criterion,
                alpha=row.alpha if row else None,
                people=among.alpha,
                off_by=row.calibration.error if row and row.calibration else None,
                left_out=row.left_out if row else 0,
            )
        )
    return JudgeTrust(judge, version, rows)
