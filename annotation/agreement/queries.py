"""How far raters of one rubric version agree: people among themselves, and every other kind of
rater with the people. Nothing is stored: each figure is computed from the ratings there are.

What people gave under another version counts too where the criterion means the same, unless
they rated the item by this version as well; how many these are is said.

What an adjudicator settled is no rating of its own here. It is what others are compared with, in
place of the median of people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from statistics import median_low
from uuid import UUID

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, When

from annotation.agreement import statistics
from annotation.agreement.applicability import Applicability, applicability
from annotation.agreement.chance_corrected import ac2
from annotation.agreement.figures import (
    Answers,
    Compared,
    ComparedCriterion,
    CriterionAgreement,
    Disagreement,
    DisplayedRater,
    Matrix,
    disagreement_of,
    matrix_of,
)
from annotation.agreement.icc import icc
from annotation.models import Rater, Rating, Score, Target
from annotation.ratings.blindness import hidden_targets
from annotation.ratings.carried_ratings import carried
from annotation.ratings.labels import names_of
from annotation.ratings.places import Place, place_columns, place_of
from annotation.ratings.references import AdjudicatedLevels, adjudicated_levels, with_adjudicated
from rubrics.core.spec import CriterionSpec, RubricSpec, from_json
from rubrics.models import Criterion, Judge, RubricVersion
from webapp.accounts.access import Member

PEOPLE = "people"
MOST_APART = 12
# What people do on the desk; a settled gold rating is no independent one.
_INDEPENDENT = ("desk", "norming", "import", "construction", "judge")
_KINDS = [
    Rater.Kind.PERSON,
    Rater.Kind.EXTERNAL,
    Rater.Kind.AUTHOR,
    Rater.Kind.JUDGE,
    Rater.Kind.CONSTRUCTION,
]
# Whose levels others may be compared with, beside those of people.
_SOURCES = (Rater.Kind.EXTERNAL, Rater.Kind.AUTHOR)

# target -> value of one rater, for one criterion
Column = Mapping[UUID, float]


class VersionAgreement:
    """The ratings of one version that a member may see, and the figures from them."""

    def __init__(self, member: Member, version: RubricVersion) -> None:
        self.member = member
        self.version = version
        self.spec: RubricSpec = from_json(version.spec.content)  # type: ignore[union-attr]
        self.criteria = self.spec.judge_criteria
        self.raters: dict[str, DisplayedRater] = {}
        # criterion uid -> rater key -> target -> value, None where it does not apply
        self._answers: dict[str, dict[str, dict[UUID, float | None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._places: dict[UUID, Place] = {}
        # criterion uid -> the ratings of it, by target and rater, that carry over
        self._carried: dict[str, set[tuple[UUID, UUID]]] = defaultdict(set)
        self._read()

    @cached_property
    def hidden(self) -> int:
        """How many rated targets are left out because this member has yet to rate them."""
        rows = self._scores().filter(rating__target_id__in=self._hidden_targets())
        return rows.aggregate(n=Count("rating__target", distinct=True))["n"]

    @property
    def carried(self) -> int:
        """How many ratings of single criteria were given under another version."""
        return sum(len(ratings) for ratings in self._carried.values())

    @property
    def people(self) -> list[DisplayedRater]:
        return [rater for rater in self.raters.values() if rater.is_person]

    @property
    def others(self) -> list[DisplayedRater]:
        return [rater for rater in self.raters.values() if not rater.is_person]

    @cached_property
    def rated_targets(self) -> int:
        found = {
            target
            for columns in self._answers.values()
            for column in columns.values()
            for target in column
        }
        return len(found)

    def references(self) -> list[DisplayedRater]:
        """What others can be compared with: the people together, the raters of a source, or an
        author."""
        people = [self._reference_of_people()] if self.people else []
        return people + [rater for rater in self.others if rater.kind in _SOURCES]

    def reference(self, key: str) -> DisplayedRater | None:
        """The reference with this key, else the first there is."""
        references = self.references()
        wanted = [each for each in references if each.key == key]
        return next(iter(wanted or references), None)

    def among_people(self) -> list[CriterionAgreement]:
        people = [rater.key for rater in self.people]
        found = []
        for criterion in self.criteria:
            table, places = self._table(criterion, people)
            found.append(
                CriterionAgreement(
                    criterion=criterion,
                    raters=sum(bool(self._column(criterion, key)) for key in people),
                    carried=len(self._carried[criterion.uid]),
                    alpha=statistics.alpha(table, places=places),
                    ac2=ac2(table, criterion.level_values, places=places),
                    icc=icc(table, places=places),
                    same=statistics.percent(table, places=places),
                    applies=self._applicability(criterion, people),
                )
            )
        return found

    def compared_with(self, reference: str) -> list[Compared]:
        return [
            Compared(
                rater=rater,
                criteria=[self._compared(c, reference, rater.key) for c in self.criteria],
            )
            for rater in self.others
            if rater.key != reference
        ]

    def matrix(self, criterion: CriterionSpec, rows: str, columns: str) -> Matrix:
        return matrix_of(
            criterion,
            (self.named(rows), self._answered(criterion, rows)),
            (self.named(columns), self._answered(criterion, columns)),
        )

    def most_apart(
        self, limit: int = MOST_APART, *, levels_only: bool = False
    ) -> list[Disagreement]:
        """The items whose raters differ most, in steps of the scale. "Does not apply" against a
        level counts as its two ends, and not at all for `levels_only`."""
        found = []
        for criterion in self.criteria:
            steps = {level: place for place, level in enumerate(criterion.level_values)}
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
                for target, value in self._answered(criterion, key).items():
                    if value is not None or not levels_only:
                        given[target][0 if rater.is_person else 1].append(value)
        return given

    def named(self, key: str) -> DisplayedRater:
        return self._reference_of_people() if key == PEOPLE else self.raters[key]

    @property
    def adjudicated(self) -> int:
        """How many items an adjudicator settled on one of the criteria."""
        return len({target for target, _ in self._adjudicated})

    def _reference_of_people(self) -> DisplayedRater:
        name = (
            "Settled level, or else median of people" if self._adjudicated else "Median of people"
        )
        return DisplayedRater(PEOPLE, Rater.Kind.PERSON, name)

    @cached_property
    def _adjudicated(self) -> AdjudicatedLevels:
        return adjudicated_levels(
            self.member.project,
            [criterion.meaning_id for criterion in self.criteria],
            without=self._hidden_targets(),
        )

    def _scores(self) -> QuerySet[Score]:
        own, meanings = _counted(self.version), [c.meaning_id for c in self.criteria]
        return Score.objects.filter(own | carried(meanings), project=self.member.project)

    def _read(self) -> None:
        """All scores that count in one query, and their raters in another."""
        uids = {criterion.meaning_id: criterion.uid for criterion in self.criteria}
        profile, dialogue = place_columns("rating__target__")
        is_own = Case(When(rating__spec=self.version.spec_id, then=True), default=False)
        rows = (
            self._scores()
            .filter(status__in=[Score.Status.SCORED, Score.Status.NOT_APPLICABLE])
            .exclude(rating__target_id__in=self._hidden_targets())
            .annotate(is_own=is_own, profile=profile, dialogue=dialogue)
            # A later pass of the same rater stands for the earlier ones, and what was given by
            # this version for what carries over.
            .order_by("is_own", "rating__pass_number", "rating__submitted_at")
            .values_list(
                "rating__target_id",
                "rating__rater_id",
                "criterion_uid",
                "meaning_id",
                "value",
                "is_own",
                "profile",
                "dialogue",
            )
        )
        for target, rater, criterion_uid, meaning, value, is_own_score, *place in rows:
            self._places[target] = place_of(target, *place)
            uid = criterion_uid if is_own_score else uids[meaning]
            self._answers[uid][str(rater)][target] = value
            # What does not apply is no level that carries over.
            if is_own_score or value is None:
                self._carried[uid].discard((target, rater))
            else:
                self._carried[uid].add((target, rater))
        keys = {key for columns in self._answers.values() for key in columns}
        self.raters = _known(Rater.objects.filter(pk__in=keys), self.member)

    def _hidden_targets(self) -> QuerySet[Target, UUID]:
        return hidden_targets(self.member.user, self.member.project)

    def _column(self, criterion: CriterionSpec, key: str) -> Column:
        if key != PEOPLE:
            return _levels(self._answers[criterion.uid].get(key, {}))
        given: dict[UUID, list[float]] = defaultdict(list)
        for rater in self.people:
            for target, value in self._column(criterion, rater.key).items():
                given[target].append(value)
        # Between two levels it is the lower one, so that it always is a level.
        medians = {target: median_low(values) for target, values in given.items()}
        return with_adjudicated(medians, criterion.meaning_id, self._adjudicated)

    def _answered(self, criterion: CriterionSpec, key: str) -> Answers:
        """The levels of a rater, and where it said that the criterion does not apply. For people
        together that is where all said so, and nobody settled the item."""
        columns = self._answers[criterion.uid]
        if key != PEOPLE:
            return columns.get(key, {})
        given: dict[UUID, list[float | None]] = defaultdict(list)
        for rater in self.people:
            for target, value in columns.get(rater.key, {}).items():
                given[target].append(value)
        no_level: Answers = {
            target: None
            for target, values in given.items()
            if all(value is None for value in values)
            and (target, criterion.meaning_id) not in self._adjudicated
        }
        return {**no_level, **self._column(criterion, key)}

    def _applicability(self, criterion: CriterionSpec, keys: Sequence[str]) -> Applicability:
        columns = [self._answered(criterion, key) for key in keys]
        targets = dict.fromkeys(target for column in columns for target in column)
        table = [
            [column[pk] is not None if pk in column else None for column in columns]
            for pk in targets
        ]
        return applicability(table, places=self._places_of(targets))

    def _places_of(self, targets: Iterable[UUID]) -> list[Place]:
        # Nobody but an adjudicator rated an item that has no place here.
        return [self._places.get(pk) or place_of(pk, None, None) for pk in targets]

    def _table(
        self, criterion: CriterionSpec, keys: Sequence[str]
    ) -> tuple[list[list[float | None]], list[Place]]:
        """The values of each item, and its profile and dialogue."""
        columns = [self._column(criterion, key) for key in keys]
        targets = dict.fromkeys(target for column in columns for target in column)
        table = [[column.get(target) for column in columns] for target in targets]
        return table, self._places_of(targets)

    def _compared(self, criterion: CriterionSpec, reference: str, key: str) -> ComparedCriterion:
        table, places = self._table(criterion, [reference, key])
        return ComparedCriterion(
            criterion=criterion,
            alpha=statistics.alpha(table, places=places),
            ac2=ac2(table, criterion.level_values, places=places),
            icc=icc(table, places=places),
            kappa=statistics.cohen_kappa_weighted(
                [row[0] for row in table],
                [row[1] for row in table],
                levels=criterion.level_values,
                places=places,
            ),
            same=statistics.percent(table, places=places),
            applies=self._applicability(criterion, [reference, key]),
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


def _counted(version: RubricVersion) -> Q:
    """The scores that were given by this very version."""
    return Q(
        rating__spec_id=version.spec_id,
        rating__withdrawn_at=None,
        rating__purpose__in=_INDEPENDENT,
    )


def _known(rows: QuerySet[Rater], member: Member) -> dict[str, DisplayedRater]:
    found = sorted(
        rows.select_related("user", "judge"),
        key=lambda row: (_KINDS.index(Rater.Kind(row.kind)), row.pk),
    )
    names = names_of(found, member)
    return {
        str(row.pk): DisplayedRater(
            str(row.pk),
            row.kind,
            names[row.pk],
            is_learned=row.judge is not None and row.judge.kind == Judge.Kind.LEARNED,
        )
        for row in found
    }


def _levels(answers: Answers) -> dict[UUID, float]:
    return {target: value for target, value in answers.items() if value is not None}
