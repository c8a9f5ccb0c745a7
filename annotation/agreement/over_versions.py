"""How far people agree on one criterion, and judges with them, from version to version of a
rubric: did a new wording or a new judge help?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from annotation.agreement import statistics
from annotation.agreement.answers import REFERENCE, VersionAnswers
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
    """Alpha of people with each other, or of a judge with the `reference`. Items `left_out` don't
    count, because the judge knows them from its fit."""

    rater: DisplayedRater
    reference: DisplayedRater | None
    alpha: Estimate
    left_out: int = 0


@dataclass(frozen=True)
class VersionRow:
    """One version. `is_changed`: the criterion means something else than in the version before,
    so ratings don't carry over."""

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
        changed = [False] + [
            before.meaning_id != after.meaning_id for (_, before), (_, after) in pairwise(having)
        ]
        return [
            VersionRow(answers.version, criterion, is_changed, _figures(answers, criterion))
            for (answers, criterion), is_changed in zip(having, changed, strict=True)
        ]


def _figures(answers: VersionAnswers, criterion: CriterionSpec) -> list[VersionFigure]:
    """Of people, and of each judge; of nobody where nobody gave the criterion a level."""
    people = [rater.key for rater in answers.people]
    table, places = answers.table(criterion, people)
    found = [VersionFigure(AMONG_PEOPLE, None, statistics.alpha(table, places=places))]
    reference = answers.reference(REFERENCE.key)
    for judge in answers.others:
        if judge.kind == Rater.Kind.JUDGE and reference is not None:
            table, places = answers.table(criterion, [reference.key, judge.key])
            found.append(
                VersionFigure(
                    judge,
                    reference,
                    statistics.alpha(table, places=places),
                    left_out=len(answers.left_out(criterion, reference.key, judge.key)),
                )
            )
    return found
