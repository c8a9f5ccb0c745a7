"""The scores that figures of agreement are made from, read once, for one version or for several."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, Q, When

from annotation.agreement.figures import DisplayedRater
from annotation.judge_runs.learned_from import KnownItems, known_items
from annotation.models import Rater, Score
from annotation.ratings.blindness import hidden_targets
from annotation.ratings.carried_ratings import carried
from annotation.ratings.labels import names_of
from annotation.ratings.places import Place, place_columns, place_of
from annotation.ratings.references import (
    AdjudicatedLevels,
    adjudicated_levels,
    legitimate_differences,
)
from rubrics.core.spec import from_json
from rubrics.models import Judge, RubricVersion
from webapp.accounts.access import Member

# What people do on the desk; a settled gold rating is no independent one.
INDEPENDENT = ("desk", "norming", "import", "construction", "judge")
_KINDS = [
    Rater.Kind.PERSON,
    Rater.Kind.EXTERNAL,
    Rater.Kind.AUTHOR,
    Rater.Kind.JUDGE,
    Rater.Kind.CONSTRUCTION,
]


class GivenScore(NamedTuple):
    """One score, or that the criterion does not apply. `carries`: it counts for other versions in
    which the criterion means the same. `is_own`: it counts for the version of its `spec`."""

    target: UUID
    rater: UUID
    uid: str
    meaning: str
    value: float | None
    spec: UUID
    is_own: bool
    carries: bool


class ReadScores:
    """What a member may see of the scores that count for some published versions of a project, in
    the order in which later ones stand for earlier ones; of raters of these kinds only. What it
    costs in queries depends neither on the versions nor on the scores."""

    def __init__(
        self,
        member: Member,
        versions: Sequence[RubricVersion],
        kinds: Collection[str] = tuple(Rater.Kind),
    ) -> None:
        self.member = member
        self._kinds = list(kinds)
        self._specs = [version.spec_id for version in versions]
        self._meanings = sorted(
            {
                criterion.meaning_id
                for version in versions
                for criterion in from_json(version.spec.content).judge_criteria  # type: ignore[union-attr]
            }
        )
        self.places: dict[UUID, Place] = {}
        self.rows: list[GivenScore] = []
        self._read()
        raters = list(
            Rater.objects.filter(pk__in={row.rater for row in self.rows}).select_related(
                "user", "judge"
            )
        )
        # What each learned judge knows of all that it rated, by the key of its rater.
        self.known: Mapping[str, KnownItems] = self._known_to(raters)
        self.raters = _displayed(raters, member, self.known)

    @cached_property
    def adjudicated(self) -> AdjudicatedLevels:
        member = self.member
        hidden = hidden_targets(member.user, member.project)
        return adjudicated_levels(member.project, self._meanings, without=hidden)

    @cached_property
    def legitimate(self) -> set[tuple[UUID, str]]:
        hidden = hidden_targets(self.member.user, self.member.project)
        return legitimate_differences(self.member.project, self._meanings, without=hidden)

    def counted(self) -> Q:
        """The scores that count, those that are hidden from the member, too."""
        own = Q(
            rating__spec__in=self._specs,
            rating__withdrawn_at=None,
            rating__purpose__in=INDEPENDENT,
        )
        return own | carried(self._meanings)

    def _read(self) -> None:
        profile, dialogue = place_columns("rating__target__")
        rows = (
            Score.objects.filter(self.counted(), project=self.member.project)
            .filter(rating__rater__kind__in=self._kinds)
            .filter(status__in=[Score.Status.SCORED, Score.Status.NOT_APPLICABLE])
            .exclude(rating__target_id__in=hidden_targets(self.member.user, self.member.project))
            .annotate(
                carries=Case(When(carried(self._meanings), then=True), default=False),
                profile=profile,
                dialogue=dialogue,
            )
            .order_by("rating__pass_number", "rating__submitted_at")
            .values_list(
                "rating__target_id",
                "rating__rater_id",
                "criterion_uid",
                "meaning_id",
                "value",
                "rating__spec_id",
                "rating__purpose",
                "carries",
                "profile",
                "dialogue",
            )
        )
        for target, rater, uid, meaning, value, spec, purpose, carries, *place in rows:
            self.places[target] = place_of(target, *place)
            is_own = purpose in INDEPENDENT
            self.rows.append(GivenScore(target, rater, uid, meaning, value, spec, is_own, carries))

    def _known_to(self, raters: Iterable[Rater]) -> Mapping[str, KnownItems]:
        learned = {
            rater.pk: rater.judge
            for rater in raters
            if rater.judge is not None and rater.judge.kind == Judge.Kind.LEARNED
        }
        rated = {row.target for row in self.rows if row.rater in learned}
        known = known_items(list(learned.values()), rated)
        return {str(pk): known[judge.pk] for pk, judge in learned.items()}


def _displayed(
    raters: Sequence[Rater], member: Member, known: Mapping[str, KnownItems]
) -> dict[str, DisplayedRater]:
    """The raters in the order of the page. `known` has the keys of learned judges."""
    found = sorted(raters, key=lambda row: (_KINDS.index(Rater.Kind(row.kind)), row.pk))
    names = names_of(found, member)
    return {
        str(row.pk): DisplayedRater(
            str(row.pk),
            row.kind,
            names[row.pk],
            is_learned=str(row.pk) in known,
            is_recorded=known.get(str(row.pk), KnownItems()).is_recorded,
        )
        for row in found
    }
