"""What an impact preview says: which texts change, how groups of replies are ranked anew, and how
far each wording agrees with people. Nothing is stored: each figure comes from the scores."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from annotation.agreement import statistics as agreement
from annotation.agreement.statistics import Shift
from annotation.impact.charts import ChangeChart, change_chart
from annotation.impact.results import DraftScoring, ScoredText, progress_of_scoring
from annotation.impact.statistics import Measured, Ranking, mean_of, ranking_of
from annotation.judge_runs.learned_from import known_items
from annotation.models import ImpactItem, ImpactRun, Rater, Rating, Score
from annotation.ratings.places import Place, places_of
from annotation.ratings.references import (
    References,
    adjudicated_levels,
    references_of,
    settled_for,
)
from rubrics.core.diff import Effect
from rubrics.core.spec import CriterionSpec, effect_of
from rubrics.core.wording import EFFECTS
from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.runs.progress import Progress

ROWS_SHOWN = 50
_BY_PEOPLE = (Rating.Purpose.DESK, Rating.Purpose.NORMING, Rating.Purpose.IMPORT)


@dataclass(frozen=True)
class CriterionChange:
    """One criterion over the sample. `wording` says what the draft does to it."""

    criterion: CriterionSpec
    wording: str
    n: int
    up: int
    down: int
    mean: Measured
    is_unread: bool

    @property
    def changed(self) -> int:
        return self.up + self.down


@dataclass(frozen=True)
class HumanAgreement:
    """One criterion: agreement of the judge with people by the old and the new wording.
    `undecided` texts are left out, because people differ, and `known` ones, because the judge knows
    them from its fit."""

    criterion: CriterionSpec
    shift: Shift | None
    reason: str = ""
    undecided: int = 0
    known: int = 0


@dataclass(frozen=True)
class Reference:
    """Who the judge is compared with."""

    label: str
    raters: int
    by_meaning: Mapping[str, References]


class ImpactState:
    """A preview as a member may see it now. What takes resampling waits for the run's end."""

    def __init__(self, run: ImpactRun, member: Member) -> None:
        self.run = run
        self.scoring = DraftScoring(run, member)
        self.progress: Progress = progress_of_scoring(run)

    @property
    def hidden(self) -> int:
        return self.scoring.hidden

    @cached_property
    def failed(self) -> int:
        return sum(item.state == ImpactItem.State.FAILED for item in self.scoring.items)

    @cached_property
    def reused(self) -> int:
        return sum(item.state == ImpactItem.State.REUSED for item in self.scoring.items)

    @cached_property
    def scored(self) -> list[ScoredText]:
        return [row for row in self.scoring.rows if not row.is_waiting]

    @cached_property
    def rows(self) -> list[ScoredText]:
        """The texts that change, those that change most first."""
        changed = [row for row in self.scored if row.has_changed]
        return sorted(changed, key=lambda row: row.weight, reverse=True)

    @property
    def scored_count(self) -> int:
        return len(self.scored)

    @property
    def changed_count(self) -> int:
        return len(self.rows)

    @property
    def shown(self) -> list[ScoredText]:
        return self.rows[:ROWS_SHOWN]

    @cached_property
    def total(self) -> Measured:
        changes = [row.change for row in self.scored if row.change is not None]
        return mean_of(changes, resample=self.run.is_ended)

    @property
    def undefined(self) -> int:
        return sum(row.change is None for row in self.scored)

    @cached_property
    def failures(self) -> list[ScoredText]:
        return [row for row in self.scored if row.item.failures]

    @cached_property
    def chart(self) -> ChangeChart | None:
        return change_chart([row.change for row in self.scored if row.change is not None])

    @cached_property
    def criteria(self) -> list[CriterionChange]:
        unread = {criterion.uid for criterion in self.scoring.unread}
        found = []
        for uid, criterion in self._criteria().items():
            cells = [cell for row in self.scored for cell in row.cells if cell.criterion.uid == uid]
            changes = [cell.change for cell in cells if cell.change is not None]
            found.append(
                CriterionChange(
                    criterion=criterion,
                    wording=_in_words(self._effect(criterion)),
                    n=len(changes),
                    up=sum(change > 0 for change in changes),
                    down=sum(change < 0 for change in changes),
                    mean=mean_of(changes, resample=self.run.is_ended),
                    is_unread=uid in unread,
                )
            )
        return found

    @cached_property
    def ranking(self) -> Ranking | None:
        """None where no two texts of the sample answer the same words, and while texts are still
        to come."""
        if not self.run.is_ended:
            return None
        groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for row in self.scored:
            before, after = row.reward_before, row.reward_after
            if isinstance(row.item, ImpactItem) and before is not None and after is not None:
                groups[row.item.group].append((before, after))
        ranked = [
            ([old for old, _ in pairs], [new for _, new in pairs])
            for pairs in groups.values()
            if len(pairs) > 1
        ]
        return ranking_of(ranked) if ranked else None

    @cached_property
    def reference(self) -> Reference | None:
        return _reference(self.run.project, self.scoring)

    @cached_property
    def _places(self) -> Mapping[UUID, Place]:
        return places_of([row.item.target_id for row in self.scored])

    @cached_property
    def _known(self) -> frozenset[UUID]:
        """The texts that the judge knows from its fit."""
        judge = self.run.judge
        return known_items([judge], [row.item.target_id for row in self.scored])[judge.pk].targets

    @cached_property
    def agreement(self) -> list[HumanAgreement]:
        """The judge beside people, criterion by criterion, where people have scored."""
        if self.reference is None or not self.run.is_ended:
            return []
        return [
            self._agreement(criterion, self.reference.by_meaning[criterion.meaning_id])
            for criterion in self._criteria().values()
            if criterion.kind == "judge" and criterion.meaning_id in self.reference.by_meaning
        ]

    def _criteria(self) -> dict[str, CriterionSpec]:
        """The draft's criteria, then those that it no longer has."""
        old = self.scoring.before.criteria if self.scoring.before else {}
        return self.scoring.after.criteria | {
            uid: c for uid, c in old.items() if uid not in self.scoring.after.criteria
        }

    def _effect(self, criterion: CriterionSpec) -> Effect | None:
        old = self.scoring.before.criteria.get(criterion.uid) if self.scoring.before else None
        if criterion.uid not in self.scoring.after.criteria:
            return "removed"
        return "new" if old is None else effect_of(old, criterion)

    def _agreement(self, criterion: CriterionSpec, people: References) -> HumanAgreement:
        effect = self._effect(criterion)
        if effect in ("meaning", "removed", "new"):
            reason = f"{_in_words(effect)}: earlier ratings don’t apply to the new text"
            return HumanAgreement(criterion, None, reason)
        given: dict[UUID, tuple[float | None, float | None]] = {}
        for row in self.scored:
            for cell in row.cells:
                if cell.criterion.uid == criterion.uid:
                    given[row.item.target_id] = (
                        cell.before.value if cell.before else None,
                        cell.after.value if cell.after else None,
                    )
        levels = people.levels
        rated_by_both = levels.keys() & given.keys()
        both = [pk for pk in levels if pk in rated_by_both - self._known]
        shift = agreement.kappa_shift(
            [levels[pk] for pk in both],
            [given[pk][0] for pk in both],
            [given[pk][1] for pk in both],
            levels=criterion.level_values,
            places=[self._places[pk] for pk in both],
        )
        return HumanAgreement(
            criterion,
            shift,
            undecided=len(people.undecided & given.keys()),
            known=len(rated_by_both & self._known),
        )


def _in_words(effect: Effect | None) -> str:
    return EFFECTS[effect].lower() if effect else ""


def impact_runs_of(project: Project) -> QuerySet[ImpactRun]:
    return (
        ImpactRun.objects.filter(project=project)
        .select_related("created_by", "judge", "version__rubric", "base", "after", "project")
        .defer("after__content", "version__draft", "base__draft")
        .annotate(
            planned=Count("items"),
            failed=Count("items", filter=Q(items__state=ImpactItem.State.FAILED)),
        )
        .order_by("-number")
    )


# Whose levels a draft is compared with: the first of them that rated.
_REFERENCES = (
    (Rater.Kind.PERSON, "the reference of people"),
    (Rater.Kind.EXTERNAL, "the raters of the source"),
    (Rater.Kind.AUTHOR, "the reference of the authors"),
)
# meaning of a criterion -> target -> level of each rater, None where it does not apply
_Given = Mapping[str, Mapping[UUID, Mapping[UUID, float | None]]]


def _reference(project: Project, scoring: DraftScoring) -> Reference | None:
    """The reference of people by each meaning, or, where no person has rated these texts, what a
    source's raters or their authors do. Construction is no person's judgement and is left out."""
    scores = (
        Score.objects.filter(
            project=project,
            rating__target__in=[item.target_id for item in scoring.items],
            rating__rater__kind__in=[kind for kind, _ in _REFERENCES],
            rating__purpose__in=_BY_PEOPLE,
            rating__withdrawn_at=None,
            meaning_id__in={c.meaning_id for c in scoring.after.spec.judge_criteria},
            status__in=[Score.Status.SCORED, Score.Status.NOT_APPLICABLE],
        )
        # A later pass of the same rater stands for the earlier ones.
        .order_by("rating__pass_number", "rating__submitted_at")
        .values_list(
            "rating__rater__kind", "rating__rater_id", "meaning_id", "rating__target_id", "value"
        )
    )
    given: dict[str, dict[str, dict[UUID, dict[UUID, float | None]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(dict))
    )
    for kind, rater, meaning, target, value in scores:
        given[kind][meaning][target][rater] = value
    for kind, label in _REFERENCES:
        if found := given.get(kind):
            return _referred(project if kind == Rater.Kind.PERSON else None, label, found)
    return None


def _referred(project: Project | None, label: str, given: _Given) -> Reference:
    """The reference of each text. Adjudicators settle what people gave, so only for them is there
    a `project` to look in."""
    targets = {target for by_target in given.values() for target in by_target}
    settled = adjudicated_levels(project, list(given), targets=targets) if project else {}
    found = {
        meaning: references_of(
            {target: list(by_rater.values()) for target, by_rater in by_target.items()},
            settled_for(meaning, settled),
        )
        for meaning, by_target in given.items()
    }
    raters = {pk for by_target in given.values() for levels in by_target.values() for pk in levels}
    return Reference(label, len(raters), found)
