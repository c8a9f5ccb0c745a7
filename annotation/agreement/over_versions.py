"""How far people agree on one criterion, and judges with them, from version to version of a
rubric: did a new wording or a new judge help?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from annotation.agreement import statistics
from annotation.agreement.answers import PEOPLE, REFERENCE, VersionAnswers
from annotation.agreement.figures import DisplayedRater
from annotation.agreement.queries import versions_with_ratings
from annotation.agreement.reading import ReadScores
from annotation.agreement.tables import Estimate
from annotation.models import Rater
from rubrics.core.spec import CriterionSpec
from rubrics.models import RubricVersion
from webapp.accounts.access import Member

# Of a rubric, the newest that somebody rated by.
MOST_VERSIONS = 8

AMONG_PEOPLE = DisplayedRater("among", Rater.Kind.PERSON, "Among people")


@dataclass(frozen=True)
class VersionFigure:
    """Alpha of people with each other, or of a judge with the `reference` of people. Items
    `left_out` don't count, because the judge knows them from its fit."""

    rater: DisplayedRater
    reference: DisplayedRater | None
    alpha: Estimate
    left_out: int = 0


@dataclass(frozen=True)
class VersionRow:
    """One version. `is_changed`: the criterion means something else than in every version before,
    so no ratings carry over from these."""

    version: RubricVersion
    criterion: CriterionSpec
    is_changed: bool
    figures: Sequence[VersionFigure]


class OverVersions:
    """The figures of a rubric's versions, the oldest first, for one criterion of the newest; its
    first where `uid` names none. What it costs in queries does not depend on how many versions,
    judges and ratings there are."""

    def __init__(self, member: Member, version: RubricVersion, uid: str = "") -> None:
        same = [v for v in versions_with_ratings(member) if v.rubric_id == version.rubric_id]
        newest = sorted(same, key=lambda v: -v.number)[:MOST_VERSIONS]
        scores = ReadScores(member, newest)
        self._answers = [VersionAnswers(member, v, scores) for v in reversed(newest)]
        self.left_out = len(same) - len(newest)
        self.criteria: Sequence[CriterionSpec] = self._answers[-1].criteria if self._answers else ()
        chosen = [criterion for criterion in self.criteria if criterion.uid == uid]
        self.criterion = next(iter(chosen or self.criteria), None)

    @property
    def rows(self) -> list[VersionRow]:
        """The versions that have the criterion."""
        if self.criterion is None:
            return []
        having = [
            (answers, criterion)
            for answers in self._answers
            for criterion in answers.criteria
            if criterion.uid == self.criterion.uid
        ]
        meanings = [criterion.meaning_id for _, criterion in having]
        return [
            VersionRow(
                answers.version,
                criterion,
                is_changed=place > 0 and criterion.meaning_id not in meanings[:place],
                figures=_figures(answers, criterion),
            )
            for place, (answers, criterion) in enumerate(having)
        ]


def _figures(answers: VersionAnswers, criterion: CriterionSpec) -> list[VersionFigure]:
    """Of people with each other, and of each judge with the reference of people."""
    people = [rater.key for rater in answers.people]
    table, places = answers.table(criterion, people)
    found = [VersionFigure(AMONG_PEOPLE, None, statistics.alpha(table, places=places))]
    for judge in answers.others:
        if judge.kind == Rater.Kind.JUDGE:
            found.append(
                VersionFigure(
                    judge,
                    REFERENCE,
                    _with_people(answers, criterion, judge.key),
                    left_out=len(answers.left_out(criterion, PEOPLE, judge.key)),
                )
            )
    return found


def _with_people(answers: VersionAnswers, criterion: CriterionSpec, judge: str) -> Estimate:
    """Sources and authors don't stand in for people, as they do on the page of one version."""
    table, places = answers.table(criterion, [PEOPLE, judge])
    alpha = statistics.alpha(table, places=places)
    if answers.references_of_people(criterion).levels:
        return alpha
    return replace(alpha, reason="no item has a reference of people")
