"""Reads about the versions of a rubric: what they said, what differs, who changed what and why,
and what publishing the next one would do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rubrics.core.diff import (
    CriterionDiff,
    Difference,
    Fact,
    RubricDiff,
    compare,
    facts_of,
    in_one_sentence,
)
from rubrics.core.meaning import Question, questions
from rubrics.core.spec import CriterionSpec, RubricSpec, from_json
from rubrics.core.word_diff import Piece
from rubrics.models import Criterion, MeaningChange, Review, Rubric, RubricVersion
from rubrics.queries import spec_of
from rubrics.versions.carried_ratings import count_ratings
from webapp.accounts.models import Project


@dataclass(frozen=True)
class RubricRow:
    """A rubric as the list shows it, from the versions that the member may read."""

    rubric: Rubric
    newest: RubricVersion | None
    open: RubricVersion | None
    published: int
    # All that was published is archived: a draft can begin from it.
    is_retired: bool


def rubric_row(rubric: Rubric) -> RubricRow:
    """`rubric` comes from `access.visible_rubrics`."""
    versions: list[RubricVersion] = rubric.shown  # type: ignore[attr-defined]
    published = [v for v in versions if v.status == RubricVersion.Status.PUBLISHED]
    return RubricRow(
        rubric=rubric,
        newest=published[0] if published else None,
        open=next((v for v in versions if v.is_open), None),
        published=len(published),
        is_retired=not published and any(v.published_at for v in versions),
    )


def published_meanings(project: Project, spec: RubricSpec) -> dict[str, CriterionSpec]:
    """For each meaning of the spec that the project has published, the newest criterion that
    has it. All that were published with a meaning are alike in what makes it up."""
    rows = (
        Criterion.objects.filter(
            project=project, meaning_id__in=[c.meaning_id for c in spec.criteria]
        )
        .order_by("meaning_id", "-version__published_at", "-pk")
        .distinct("meaning_id")
        .select_related("version__spec")
    )
    specs = {
        row.version.spec_id: from_json(row.version.spec.content)
        for row in rows
        if row.version.spec is not None
    }
    return {row.meaning_id: specs[row.version.spec_id].criteria[row.position] for row in rows}


@dataclass(frozen=True)
class CarriedRatings:
    """What publishing does to the ratings that people gave a criterion. Without a question they
    carry over as they are."""

    uid: str
    name: str
    ratings: int
    question: Question | None = None


@dataclass(frozen=True)
class Consequences:
    """What publishing a text would do, known before the click."""

    carried: Sequence[CarriedRatings]
    new: Sequence[str]

    @property
    def asked(self) -> list[CarriedRatings]:
        """Those of which the author says whether the meaning changed."""
        return [each for each in self.carried if each.question and not each.question.forced]

    @property
    def forced(self) -> list[CarriedRatings]:
        return [each for each in self.carried if each.question and each.question.forced]

    @property
    def same(self) -> list[CarriedRatings]:
        return [each for each in self.carried if each.question is None]

    @property
    def ratings(self) -> int:
        return _ratings(self.carried)

    @property
    def carry(self) -> int:
        return _ratings(self.same)

    @property
    def waiting(self) -> int:
        return _ratings(self.asked)

    @property
    def again(self) -> int:
        return _ratings(self.forced)


def _ratings(carried: Sequence[CarriedRatings]) -> int:
    return sum(each.ratings for each in carried)


def consequences(project: Project, spec: RubricSpec) -> Consequences:
    published = published_meanings(project, spec)
    counts = count_ratings(project, list(published))
    asked = {question.uid: question for question in questions(spec, published)}
    judged = spec.judge_criteria
    return Consequences(
        carried=[
            CarriedRatings(c.uid, c.name.strip(), counts.get(c.meaning_id, 0), asked.get(c.uid))
            for c in spec.criteria
            if c.meaning_id in published and (c.kind == "judge" or c.uid in asked)
        ],
        new=[c.name.strip() for c in judged if c.meaning_id not in published],
    )


def difference(old: RubricVersion, new: RubricVersion) -> RubricDiff:
    return compare(spec_of(old), spec_of(new))


@dataclass(frozen=True)
class Step:
    """A version in the history: what changed in it since the one before, in a sentence."""

    version: RubricVersion
    before: RubricVersion | None
    finding: str
    reviews: Sequence[Review]


def steps(versions: Sequence[RubricVersion]) -> list[Step]:
    """The history, newest first, of versions with their texts in that order. A draft that was
    set aside has a step, but none follows from it."""
    reviews: dict[object, list[Review]] = defaultdict(list)
    for review in Review.objects.filter(version__in=versions).select_related("reviewer"):
        reviews[review.version_id].append(review)
    found: list[Step] = []
    before: tuple[RubricVersion, RubricSpec] | None = None
    for version in reversed(versions):
        spec = spec_of(version)
        finding = in_one_sentence(compare(before[1], spec)) if before else _begins(spec)
        found.append(Step(version, before[0] if before else None, finding, reviews[version.pk]))
        if not version.is_set_aside:
            before = version, spec
    return found[::-1]


def _begins(spec: RubricSpec) -> str:
    count = len(spec.criteria)
    return f"Begins with {count} {'criterion' if count == 1 else 'criteria'}." if count else ""


@dataclass(frozen=True)
class Blamed:
    """One field of a criterion as it is now, with the version that wrote it last."""

    fact: Fact
    version: RubricVersion
    # What that version put in the place of what; empty where it wrote the field first.
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Blame:
    uid: str
    name: str
    fields: Sequence[Blamed]
    # From the first version that had the criterion to the newest that changed it.
    steps: Sequence[tuple[RubricVersion, CriterionDiff, MeaningChange | None]]
    gone_since: RubricVersion | None


def blame(lineage: Sequence[RubricVersion], uid: str) -> Blame | None:
    """Who wrote what in a criterion. `lineage` is the rubric's versions, oldest first, with their
    specs; those that were set aside have no part in it. None where no version has the criterion."""
    steps: list[tuple[RubricVersion, CriterionDiff, MeaningChange | None]] = []
    wrote: dict[str, tuple[RubricVersion, Difference]] = {}
    meanings = _meanings(lineage, uid)
    before: RubricSpec | None = None
    last: CriterionSpec | None = None
    gone: RubricVersion | None = None
    for version in lineage:
        spec = spec_of(version)
        now = next((c for c in spec.criteria if c.uid == uid), None)
        for each in compare(before or RubricSpec(title=""), spec).criteria:
            if each.uid == uid:
                steps.append((version, each, meanings.get(version.pk)))
                wrote.update({d.key: (version, d) for d in each.differences})
        gone = None if now else (gone or version)
        last, before = now or last, spec
    if last is None:
        return None
    first = steps[0][0]
    return Blame(
        uid=uid,
        name=last.name.strip() or "A criterion without a name",
        fields=[
            _blamed(fact, wrote, first)
            for fact in facts_of(last)
            if not fact.is_default or fact.key in wrote
        ],
        steps=steps,
        gone_since=gone,
    )


def _blamed(
    fact: Fact, wrote: dict[str, tuple[RubricVersion, Difference]], first: RubricVersion
) -> Blamed:
    version, written = wrote.get(fact.key, (first, None))
    return Blamed(fact, version, written.pieces if written else ())


def _meanings(lineage: Sequence[RubricVersion], uid: str) -> dict[object, MeaningChange]:
    rows = MeaningChange.objects.filter(version__in=lineage, uid=uid)
    return {row.version_id: row for row in rows}
