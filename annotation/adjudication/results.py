"""What adjudication says about a rubric: why raters differed, by criterion and cause."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from annotation.models import Decision
from annotation.ratings.blindness import hidden_targets
from annotation.ratings.labels import shown_text, title_of, tone_of
from rubrics.core.spec import CriterionSpec, from_json
from rubrics.models import Rubric, RubricVersion
from webapp.accounts.access import Member

# How many items each cause of a criterion lists, the latest first.
ITEMS_SHOWN = 10
_READ = 500


@dataclass(frozen=True)
class SettledItem:
    """One settled item. `level` is None where all levels stand or the criterion does not apply."""

    decision: Decision
    title: str
    text: str
    level: int | None
    tone: int | None
    reason: str


@dataclass(frozen=True)
class CauseCount:
    """How often a cause was named for a criterion, with the latest items."""

    criterion: CriterionSpec
    cause: str
    label: str
    n: int
    items: Sequence[SettledItem]

    @property
    def more(self) -> int:
        return self.n - len(self.items)


def decisions_about(member: Member, rubric: Rubric) -> QuerySet[Decision]:
    """The decisions with a cause by any version of the rubric, that this member may see."""
    specs = RubricVersion.objects.filter(rubric=rubric, spec__isnull=False).values("spec")
    return (
        Decision.objects.filter(
            project=member.project,
            score__rating__spec__in=specs,
            score__rating__withdrawn_at=None,
        )
        .exclude(cause="")
        .exclude(
            score__rating__target_id__in=hidden_targets(member.user, member.project),
        )
    )


def causes_of(member: Member, rubric: Rubric) -> list[CauseCount]:
    """The causes that were named for criteria of the rubric, the most frequent first."""
    rows = decisions_about(member, rubric)
    counts = rows.order_by().values_list("score__criterion_uid", "cause").annotate(n=Count("pk"))
    latest = rows.select_related(
        "score__rating__target__turn__dialogue",
        "score__rating__target__dialogue",
        "score__rating__spec",
    ).order_by("-pk")[:_READ]
    criteria = _criteria(rubric)
    by_cause: dict[tuple[str, str], list[SettledItem]] = defaultdict(list)
    for row in latest:
        found = by_cause[row.score.criterion_uid, row.cause]
        if len(found) < ITEMS_SHOWN and row.score.criterion_uid in criteria:
            found.append(_item(row, criteria[row.score.criterion_uid]))
    shown = [
        CauseCount(criteria[uid], cause, Decision.Cause(cause).label, n, by_cause[uid, cause])
        for uid, cause, n in counts
        if uid in criteria
    ]
    return sorted(shown, key=lambda row: (-row.n, row.criterion.name, row.label))


def _criteria(rubric: Rubric) -> Mapping[str, CriterionSpec]:
    """Every criterion that was ever published, as its newest version has it."""
    versions = rubric.versions.filter(published_at__isnull=False).select_related("spec")
    return {
        criterion.uid: criterion
        for version in versions.order_by("number")
        if version.spec is not None
        for criterion in from_json(version.spec.content).judge_criteria
    }


def _item(decision: Decision, criterion: CriterionSpec) -> SettledItem:
    score = decision.score
    target = score.rating.target
    return SettledItem(
        decision=decision,
        title=title_of(target),
        text=shown_text(target),
        level=None if score.value is None else int(score.value),
        tone=None if score.value is None else tone_of(criterion, score.value),
        reason=score.rationale,
    )
