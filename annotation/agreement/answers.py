"""The ratings of one rubric version that a member may see: who gave which level to which item, and
the reference of people.

What people gave under another version counts too where the criterion means the same, unless
they rated the item by this version as well; how many these are is said.

What an adjudicator settled is no rating of its own here. It is what others are compared with, in
place of what people gave.

What a learned judge gave to items that it knows from its fit is left out here, so that no figure
has it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, QuerySet

from annotation.agreement.figures import Answers, DisplayedRater
from annotation.agreement.reading import GivenScore, ReadScores
from annotation.agreement.soft_labels import soft_label
from annotation.models import Rater, Score, Target
from annotation.ratings.blindness import hidden_targets
from annotation.ratings.places import Place, place_of
from annotation.ratings.references import (
    References,
    common_level,
    references_of,
    settled_for,
)
from rubrics.core.spec import CriterionSpec, RubricSpec, from_json
from rubrics.models import RubricVersion
from webapp.accounts.access import Member

PEOPLE = "people"
# Whose levels others may be compared with, beside those of people.
_SOURCES = (Rater.Kind.EXTERNAL, Rater.Kind.AUTHOR)

# What others are compared with, if that is people together.
REFERENCE = DisplayedRater(PEOPLE, Rater.Kind.PERSON, "Reference of people")

# target -> value of one rater, for one criterion
Column = Mapping[UUID, float]


class BesidePeople(NamedTuple):
    """The level of one person, and the one that the other people have in common for the item."""

    target: UUID
    person: str
    in_common: float
    level: float


class VersionAnswers:
    """The levels that each rater of one version gave, and the references of its people. `scores`
    are read for this version, unless they are given: read for several."""

    def __init__(
        self, member: Member, version: RubricVersion, scores: ReadScores | None = None
    ) -> None:
        self.member = member
        self._scores = scores or ReadScores(member, [version])
        self.version = version
        self.spec: RubricSpec = from_json(version.spec.content)  # type: ignore[union-attr]
        self.criteria = self.spec.judge_criteria
        self.raters: dict[str, DisplayedRater] = {}
        # criterion uid -> rater key -> target -> value, None where it does not apply
        self._answers: dict[str, dict[str, dict[UUID, float | None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        # criterion uid -> item -> what each person gave
        self._of_people: dict[str, dict[UUID, list[tuple[str, float | None]]]] = {}
        self._references: dict[str, References] = {}
        self._beside_people: dict[str, list[BesidePeople]] = {}
        # criterion uid -> rater key -> the items that a learned judge rated, and knows from its fit
        self._left_out: dict[str, dict[str, frozenset[UUID]]] = defaultdict(dict)
        # criterion uid -> the ratings of it, by target and rater, that carry over
        self._carried: dict[str, set[tuple[UUID, UUID]]] = defaultdict(set)
        self._read()

    @cached_property
    def hidden(self) -> int:
        """How many rated targets are left out because this member has yet to rate them."""
        rows = Score.objects.filter(
            self._scores.counted(),
            project=self.member.project,
            rating__target_id__in=self._hidden_targets(),
        )
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
        people = [REFERENCE] if self.people else []
        return people + [rater for rater in self.others if rater.kind in _SOURCES]

    def reference(self, key: str) -> DisplayedRater | None:
        """The reference with this key, else the first there is."""
        references = self.references()
        wanted = [each for each in references if each.key == key]
        return next(iter(wanted or references), None)

    def named(self, key: str) -> DisplayedRater:
        return REFERENCE if key == PEOPLE else self.raters[key]

    @property
    def adjudicated(self) -> int:
        """How many items an adjudicator settled on one of the criteria."""
        meanings = {criterion.meaning_id for criterion in self.criteria}
        return len({target for target, meaning in self._scores.adjudicated if meaning in meanings})

    def _read(self) -> None:
        """Take what was given by this version in place of what carries over to it."""
        uids = {criterion.meaning_id: criterion.uid for criterion in self.criteria}
        own: list[GivenScore] = []
        for row in self._scores.rows:
            if row.spec == self.version.spec_id and row.is_own:
                own.append(row)
            elif row.carries and row.meaning in uids:
                self._take(row, uids[row.meaning], is_own=False)
        for row in own:
            self._take(row, row.uid, is_own=True)
        keys = {key for columns in self._answers.values() for key in columns}
        self.raters = {key: rater for key, rater in self._scores.raters.items() if key in keys}
        self._leave_out_known()

    def _take(self, row: GivenScore, uid: str, *, is_own: bool) -> None:
        self._answers[uid][str(row.rater)][row.target] = row.value
        # What does not apply is no level that carries over.
        if is_own or row.value is None:
            self._carried[uid].discard((row.target, row.rater))
        else:
            self._carried[uid].add((row.target, row.rater))

    def _leave_out_known(self) -> None:
        """Take out what learned judges gave to items that they know."""
        for uid, columns in self._answers.items():
            for key in columns.keys() & self._scores.known.keys():
                targets = self._scores.known[key].targets & columns[key].keys()
                self._left_out[uid][key] = targets
                columns[key] = {pk: v for pk, v in columns[key].items() if pk not in targets}

    def _hidden_targets(self) -> QuerySet[Target, UUID]:
        return hidden_targets(self.member.user, self.member.project)

    def references_of_people(self, criterion: CriterionSpec) -> References:
        """What others are compared with for this criterion, if that is people."""
        if criterion.uid not in self._references:
            settled = settled_for(criterion.meaning_id, self._scores.adjudicated)
            given = {
                target: [value for _, value in answers]
                for target, answers in self.of_people(criterion).items()
            }
            self._references[criterion.uid] = references_of(given, settled)
        return self._references[criterion.uid]

    def references_of_two_or_more(self, criterion: CriterionSpec) -> Column:
        """The references of people that stand on more than one person's level: settled by an
        adjudicator, or common to two people or more."""
        settled = settled_for(criterion.meaning_id, self._scores.adjudicated)
        given = self.of_people(criterion)
        return {
            target: level
            for target, level in self.references_of_people(criterion).levels.items()
            if target in settled or len(given.get(target, ())) > 1
        }

    def means_of_people(self, criterion: CriterionSpec) -> Mapping[UUID, float]:
        """The level that an adjudicator settled, else the mean of people's levels, by item. Items
        that people differ on are here, too, and those on which an adjudicator let them differ."""
        settled = {
            target: level
            for target, level in settled_for(criterion.meaning_id, self._scores.adjudicated).items()
            if (target, criterion.meaning_id) not in self._scores.legitimate
        }
        given = {
            target: soft_label([value for _, value in answers]).mean
            for target, answers in self.of_people(criterion).items()
        }
        return {pk: level for pk, level in {**given, **settled}.items() if level is not None}

    def beside_people(self, criterion: CriterionSpec) -> list[BesidePeople]:
        """Each person's levels beside those that the other people have in common. Settled levels
        don't count: whether an item was settled depends on what the person gave it."""
        if criterion.uid not in self._beside_people:
            self._beside_people[criterion.uid] = [
                BesidePeople(target, person, in_common, level)
                for target, answers in self.of_people(criterion).items()
                for place, (person, level) in enumerate(answers)
                if level is not None
                and (in_common := common_level(_without(answers, place))) is not None
            ]
        return self._beside_people[criterion.uid]

    def of_people(self, criterion: CriterionSpec) -> Mapping[UUID, list[tuple[str, float | None]]]:
        """What each person gave, by item."""
        if criterion.uid not in self._of_people:
            given: dict[UUID, list[tuple[str, float | None]]] = defaultdict(list)
            for person in self.people:
                for target, value in self.answered(criterion, person.key).items():
                    given[target].append((person.key, value))
            self._of_people[criterion.uid] = dict(given)
        return self._of_people[criterion.uid]

    def column(self, criterion: CriterionSpec, key: str) -> Column:
        """The levels of a rater, or the references of people."""
        if key == PEOPLE:
            return self.references_of_people(criterion).levels
        answers = self._answers[criterion.uid].get(key, {})
        return {target: value for target, value in answers.items() if value is not None}

    def answered(self, criterion: CriterionSpec, key: str) -> Answers:
        """The levels of a rater, and where it said that the criterion does not apply. For people
        together that is where all said so, and nobody settled the item."""
        if key != PEOPLE:
            return self._answers[criterion.uid].get(key, {})
        found = self.references_of_people(criterion)
        return {**dict.fromkeys(found.not_applicable), **found.levels}

    def left_out(self, criterion: CriterionSpec, reference: str, key: str) -> frozenset[UUID]:
        """The items that both rated, and that don't count because the judge knows them."""
        known = self._left_out[criterion.uid].get(key, frozenset())
        return known & self.answered(criterion, reference).keys()

    def applies(self, criterion: CriterionSpec, key: str) -> Mapping[UUID, bool]:
        """Where a rater gave a level, and where it said that the criterion does not apply. People
        who differ in the level only agree that it applies."""
        found = {pk: value is not None for pk, value in self.answered(criterion, key).items()}
        if key == PEOPLE:
            references = self.references_of_people(criterion)
            found |= dict.fromkeys(references.undecided - references.mixed, True)
        return found

    def table(
        self, criterion: CriterionSpec, keys: Sequence[str]
    ) -> tuple[list[list[float | None]], list[Place]]:
        """The values of each item, and its profile and dialogue."""
        return self.table_of([self.column(criterion, key) for key in keys])

    def table_of(self, columns: Sequence[Column]) -> tuple[list[list[float | None]], list[Place]]:
        targets = dict.fromkeys(target for column in columns for target in column)
        table = [[column.get(target) for column in columns] for target in targets]
        return table, self.places_of(targets)

    def places_of(self, targets: Iterable[UUID]) -> list[Place]:
        # Nobody but an adjudicator rated an item that has no place here.
        return [self._scores.places.get(pk) or place_of(pk, None, None) for pk in targets]


def _without(answers: Sequence[tuple[str, float | None]], place: int) -> list[float | None]:
    return [value for at, (_, value) in enumerate(answers) if at != place]
