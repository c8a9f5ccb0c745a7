"""How far raters of one rubric version agree: people among themselves, and every other kind of
rater with the people. Nothing is stored: each figure is computed from the ratings there are."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, F, Max, OuterRef

from annotation.agreement import statistics
from annotation.agreement.alternative import StandIn, stand_in
from annotation.agreement.answers import PEOPLE, VersionAnswers
from annotation.agreement.applicability import Applicability, applicability
from annotation.agreement.calibration import Calibration, calibration
from annotation.agreement.chance_corrected import ac2
from annotation.agreement.figures import (
    AmongPeople,
    Closeness,
    Compared,
    ComparedCriterion,
    CriterionAgreement,
    CriterionSeverity,
    Disagreement,
    DisplayedRater,
    Matrix,
    ReferenceCount,
    disagreement_of,
    matrix_of,
)
from annotation.agreement.icc import icc
from annotation.agreement.reading import ReadScores
from annotation.agreement.severity import severity
from annotation.agreement.tables import (
    Floats,
    Places,
    as_ratings,
    clusters_in,
    estimate_of,
    too_few,
)
from annotation.models import Rater, Rating, Score, Target
from annotation.ratings.carried_ratings import carried
from annotation.ratings.places import Place
from rubrics.core.spec import CriterionSpec
from rubrics.models import Criterion, RubricVersion
from webapp.accounts.access import Member
from webapp.intervals import Bounds

MOST_APART = 12


class VersionAgreement(VersionAnswers):
    """The figures of one version, from the ratings that a member may see."""

    def __init__(
        self, member: Member, version: RubricVersion, scores: ReadScores | None = None
    ) -> None:
        super().__init__(member, version, scores)
        # What people reach on some items: judges often rated the same ones.
        self._reached: dict[tuple[str, frozenset[UUID]], Closeness] = {}
        # criterion uid -> items, levels of people as steps of the scale, places
        self._in_steps: dict[str, tuple[Sequence[UUID], Floats, Sequence[Place]]] = {}

    def among_people(self) -> list[CriterionAgreement]:
        people = [rater.key for rater in self.people]
        found = []
        for criterion in self.criteria:
            table, places = self.table(criterion, people)
            found.append(
                CriterionAgreement(
                    criterion=criterion,
                    raters=sum(bool(self.column(criterion, key)) for key in people),
                    carried=len(self._carried[criterion.uid]),
                    alpha=statistics.alpha(table, places=places),
                    ac2=ac2(table, criterion.level_values, places=places),
                    icc=icc(table, places=places),
                    same=statistics.percent(table, places=places),
                    applies=self._applicability(criterion, people),
                )
            )
        return found

    def severity(self) -> list[CriterionSeverity]:
        """How much higher or lower levels each person gives. Nothing of fewer than two people."""
        if len(self.people) < 2:
            return []
        found = []
        for criterion in self.criteria:
            _, table, places = self._people_in_steps(criterion)
            fitted = severity(table, places=places)
            found.append(
                CriterionSeverity(
                    criterion=criterion,
                    raters=[(self.people[row.rater], row) for row in fitted.effects],
                    items=fitted.items,
                    unit=fitted.unit,
                    groups=fitted.groups,
                    reason=fitted.reason,
                )
            )
        return found

    def reference_counts(self) -> list[ReferenceCount]:
        """How many items have a reference that others can be compared with. Nothing if no person
        rated."""
        if not self.people:
            return []
        found = [(criterion, self.references_of_people(criterion)) for criterion in self.criteria]
        return [ReferenceCount(c, len(refs.levels), len(refs.undecided)) for c, refs in found]

    def compared_with(self, reference: str) -> list[Compared]:
        return [self.compared(reference, rater) for rater in self.others if rater.key != reference]

    def compared(self, reference: str, rater: DisplayedRater) -> Compared:
        return Compared(
            rater=rater,
            criteria=[self._compared(c, reference, rater) for c in self.criteria],
            items=len(self._in_common(reference, rater.key)),
            left_out=len(self._known_in_common(reference, rater.key)),
        )

    def _in_common(self, reference: str, key: str) -> set[UUID]:
        return {
            target
            for criterion in self.criteria
            for target in (
                self.answered(criterion, key).keys() & self.answered(criterion, reference).keys()
            )
        }

    def _known_in_common(self, reference: str, key: str) -> set[UUID]:
        return {
            target
            for criterion in self.criteria
            for target in self.left_out(criterion, reference, key)
        }

    def matrix(self, criterion: CriterionSpec, rows: str, columns: str) -> Matrix:
        return matrix_of(
            criterion,
            (self.named(rows), self.answered(criterion, rows)),
            (self.named(columns), self.answered(criterion, columns)),
        )

    def most_apart(
        self, limit: int = MOST_APART, *, levels_only: bool = False
    ) -> list[Disagreement]:
        """The items whose raters differ most, in steps of the scale. "Does not apply" against a
        level counts as its two ends, and not at all for `levels_only`."""
        found = []
        for criterion in self.criteria:
            steps = _steps(criterion)
            for target, (people, others) in self._given(criterion, levels_only).items():
                answers = {*people, *others}
                places = [steps[int(value)] for value in answers if value is not None]
                apart = max(places) - min(places) if places else 0
                if places and None in answers:
                    apart = len(steps) - 1
                if apart:
                    found.append(
                        (apart, len(people), str(target), target, criterion, people, others)
                    )
        found.sort(key=lambda row: (-row[0], -row[1], row[2]))
        rows = found[:limit]
        targets = Target.objects.select_related("turn__dialogue", "dialogue").in_bulk(
            [row[3] for row in rows]
        )
        return [
            disagreement_of(targets[target], criterion, people, others, apart)
            for apart, _, _, target, criterion, people, others in rows
        ]

    def _given(
        self, criterion: CriterionSpec, levels_only: bool
    ) -> dict[UUID, tuple[list[float | None], list[float | None]]]:
        """What people and what others gave each item, without the levels it was written for."""
        given: dict[UUID, tuple[list[float | None], list[float | None]]] = defaultdict(
            lambda: ([], [])
        )
        for key, rater in self.raters.items():
            if rater.kind != Rater.Kind.CONSTRUCTION:
                for target, value in self.answered(criterion, key).items():
                    if value is not None or not levels_only:
                        given[target][0 if rater.is_person else 1].append(value)
        return given

    def _applicability(self, criterion: CriterionSpec, keys: Sequence[str]) -> Applicability:
        columns = [self.applies(criterion, key) for key in keys]
        targets = dict.fromkeys(target for column in columns for target in column)
        table = [[column.get(pk) for column in columns] for pk in targets]
        return applicability(table, places=self.places_of(targets))

    def _compared(
        self, criterion: CriterionSpec, reference: str, rater: DisplayedRater
    ) -> ComparedCriterion:
        table, places = self.table(criterion, [reference, rater.key])
        close = _closeness(table, criterion, places)
        is_of_people = reference == PEOPLE
        is_judge = rater.kind == Rater.Kind.JUDGE
        return ComparedCriterion(
            criterion=criterion,
            alpha=close.alpha,
            ac2=ac2(table, criterion.level_values, places=places),
            icc=icc(table, places=places),
            kappa=close.kappa,
            same=close.same,
            applies=self._applicability(criterion, [reference, rater.key]),
            beside_people=self._beside(criterion, rater) if is_of_people else None,
            stand_in=self._stand_in(criterion, rater) if is_of_people and is_judge else None,
            calibration=self._calibration(criterion, rater) if is_of_people and is_judge else None,
            left_out=len(self.left_out(criterion, reference, rater.key)),
        )

    def _beside(self, criterion: CriterionSpec, rater: DisplayedRater) -> AmongPeople | None:
        """What people reach on the items that this rater rated, and what it reaches in their place.
        Both are of the same comparisons: people differ on some items that have no reference."""
        given = self.column(criterion, rater.key)
        rows = [row for row in self.beside_people(criterion) if row.target in given]
        if not rows:
            return None
        items = frozenset(row.target for row in rows)
        places, few = self.places_of([row.target for row in rows]), too_few(len(items))
        if (criterion.uid, items) not in self._reached:
            people = [[row.in_common, row.level] for row in rows]
            reached = _closeness(people, criterion, places, reason=few)
            self._reached[criterion.uid, items] = reached
        instead = [[row.in_common, given[row.target]] for row in rows]
        return AmongPeople(
            people=len({row.person for row in rows}),
            items=len(items),
            of_people=self._reached[criterion.uid, items],
            of_rater=_closeness(instead, criterion, places, reason=few),
        )

    def _stand_in(self, criterion: CriterionSpec, judge: DisplayedRater) -> StandIn:
        given, steps = self.column(criterion, judge.key), _steps(criterion)
        targets, people, places = self._people_in_steps(criterion)
        levels = [steps[int(given[pk])] if pk in given else None for pk in targets]
        return stand_in(levels, people, places=places)

    def _calibration(self, criterion: CriterionSpec, judge: DisplayedRater) -> Calibration | None:
        given, references = self.column(criterion, judge.key), self.column(criterion, PEOPLE)
        targets = [target for target in given if target in references]
        return calibration(
            [given[target] for target in targets],
            [references[target] for target in targets],
            criterion.level_values,
            self.places_of(targets),
        )

    def _people_in_steps(
        self, criterion: CriterionSpec
    ) -> tuple[Sequence[UUID], Floats, Sequence[Place]]:
        """The items that people gave a level, with these levels as steps of the scale: every judge
        is compared with the same."""
        if criterion.uid not in self._in_steps:
            columns = [self.column(criterion, rater.key) for rater in self.people]
            targets = list(dict.fromkeys(target for column in columns for target in column))
            steps = _steps(criterion)
            table = [[steps[int(c[pk])] if pk in c else None for c in columns] for pk in targets]
            self._in_steps[criterion.uid] = targets, as_ratings(table), self.places_of(targets)
        return self._in_steps[criterion.uid]


def _steps(criterion: CriterionSpec) -> dict[int, int]:
    return {level: place for place, level in enumerate(criterion.level_values)}


def _closeness(
    table: Sequence[Sequence[float | None]],
    criterion: CriterionSpec,
    places: Places,
    *,
    reason: str = "",
) -> Closeness:
    """The figures of two columns; with a `reason`, why there are none."""
    if reason:
        ratings = as_ratings(table)
        none = estimate_of(ratings, clusters_in(ratings, places), None, Bounds(None, None, reason))
        return Closeness(none, none, none)
    return Closeness(
        alpha=statistics.alpha(table, places=places),
        kappa=statistics.cohen_kappa_weighted(
            [row[0] for row in table],
            [row[1] for row in table],
            levels=criterion.level_values,
            places=places,
        ),
        same=statistics.percent(table, places=places),
    )


def versions_with_ratings(member: Member) -> list[RubricVersion]:
    """The versions that somebody or some judge has rated by, the last rated one first, and those
    that ratings of people carry over to."""
    rated = Rating.objects.filter(spec=OuterRef("spec"), withdrawn_at=None)
    criteria = Criterion.objects.filter(version=OuterRef("pk"), kind="judge")
    meant_the_same = Score.objects.filter(carried([OuterRef("meaning_id")]), project=member.project)
    return list(
        RubricVersion.objects.filter(
            Exists(rated) | Exists(criteria.filter(Exists(meant_the_same))),
            project=member.project,
            published_at__isnull=False,
        )
        .select_related("rubric", "spec")
        .annotate(rated_at=Max("spec__ratings__submitted_at"))
        .order_by(F("rated_at").desc(nulls_last=True), "-number")
    )
