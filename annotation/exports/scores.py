"""What the tables of ratings and of judge scores share: a row for each score, with all its pins."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch

from annotation.exports.columns import Column, Row, integer, number, records, text, time
from annotation.models import Evidence, Rater, Rating, Score, Target
from rubrics.core.spec import CriterionSpec, RubricSpec, from_json
from rubrics.models import RubricVersion, Spec

RATER_COLUMNS = (
    text(
        "rater_kind",
        "person, judge, external (a source’s rater), author (of a written corpus) or construction",
    ),
    text("rater", "A pseudonym for a person; else the judge’s name and version, or the source’s"),
)
TEXT_COLUMNS = (
    text("target_id", "The id of what was rated"),
    text("target_kind", "turn, dialogue or text (a reply outside of any dialogue)"),
    text("context_hash", "SHA-256 of all that the rater could read"),
    integer("dialogue", "The number of the dialogue; empty for a text"),
    integer("turn", "The turn’s position in the dialogue, counted from 0"),
    text("source", "The corpus of the dialogue"),
    text("split", "train, validation or test; empty for a text"),
)
SPEC_COLUMNS = (
    text("spec_hash", "SHA-256 of the rubric’s text"),
    text("rubric", "The rubric’s name"),
    integer("version", "The number of its version; empty for a draft"),
)
SCORE_COLUMNS = (
    text("criterion_uid", "The criterion’s id, the same in all versions of a rubric"),
    text("criterion", "Its name in this text of the rubric"),
    text("meaning_id", "Equal where the criterion means the same"),
    text("criterion_hash", "SHA-256 of all that a judge reads of the criterion"),
    text("status", "scored, not_applicable, failed or not_scored"),
    number("value", "The level; empty if the status is not scored"),
    text("level", "The level’s label"),
    number("expected", "A judge’s expected score over the levels, where it gives one"),
    text("rationale", "Why the rater chose the level"),
    text("reason", "Why there is no value"),
)
EVIDENCE = records(
    "evidence",
    "Passages that the rater marked",
    text("span", "The part of the reply that it is in"),
    integer("start", "Where it starts, in Unicode code points; empty if the quote was not found"),
    integer("end", "Where it ends"),
    text("quote", "The passage"),
)
KNOWN = integer(
    "known",
    "1 if the judge knows the text from its fit (it learned from it, from the same profile or "
    "from the same text), else 0, and empty for a rater who is no judge; compare a judge with "
    "people only where it is 0",
)
SUBMITTED: Column = time("submitted_at", "When the rating was submitted")

# What the rows of a rating read beside it. Texts stay in the database.
RELATED = ("rater__judge", "target__turn__dialogue", "target__dialogue")
UNREAD = (
    "target__context",
    *(f"target__turn__{name}" for name in ("text", "raw", "understanding", "reasoning", "emotion")),
    *(
        f"target__{path}dialogue__{name}"
        for path in ("", "turn__")
        for name in ("situation", "meta")
    ),
)


def scores_of(path: str = "") -> Prefetch:
    """A rating's scores in the order in which they were written, with their evidence."""
    evidence = Prefetch("evidence", queryset=Evidence.objects.order_by("pk"))
    scores = Score.objects.order_by("pk").prefetch_related(evidence)
    return Prefetch(f"{path}scores", queryset=scores)


@dataclass(frozen=True)
class PinnedSpec:
    """A rubric's text and what people call it."""

    hash: str
    spec: RubricSpec
    rubric: str
    version: int | None
    criteria: dict[str, CriterionSpec]

    def row(self) -> Row:
        return {"spec_hash": self.hash, "rubric": self.rubric, "version": self.version}


def version_row(version: RubricVersion) -> Row:
    """A published version, read with its rubric and spec, as SPEC_COLUMNS have it."""
    return {
        "spec_hash": version.spec.hash if version.spec else None,
        "rubric": version.rubric.name,
        "version": version.number,
    }


class PinnedSpecs:
    """The specs of the rows read so far. Each is fetched once, all new ones of a portion with two
    queries."""

    def __init__(self) -> None:
        self._known: dict[UUID, PinnedSpec] = {}

    def __getitem__(self, pk: UUID) -> PinnedSpec:
        return self._known[pk]

    def read(self, ids: Iterable[UUID]) -> None:
        missing = set(ids) - set(self._known)
        if not missing:
            return
        versions = {
            version.spec_id: version
            for version in RubricVersion.objects.filter(spec__in=missing)
            .select_related("rubric")
            .order_by("-published_at", "-number")
        }
        for row in Spec.objects.filter(pk__in=missing):
            self._known[row.pk] = _pinned(row, versions.get(row.pk))


def _pinned(row: Spec, version: RubricVersion | None) -> PinnedSpec:
    spec = from_json(row.content)
    return PinnedSpec(
        hash=row.hash,
        spec=spec,
        rubric=version.rubric.name if version else spec.title,
        version=version.number if version else None,
        criteria={criterion.uid: criterion for criterion in spec.criteria},
    )


def rater_row(rater: Rater, pseudonyms: dict[UUID, str]) -> Row:
    """Never the name or the address of a person."""
    is_person = rater.kind == Rater.Kind.PERSON
    return {
        "rater_kind": rater.kind,
        "rater": pseudonyms[rater.pk] if is_person else str(rater),
    }


def target_row(target: Target) -> Row:
    dialogue = target.turn.dialogue if target.turn else target.dialogue
    return {
        "target_id": str(target.pk),
        "target_kind": target.kind,
        "context_hash": target.context_hash,
        "dialogue": dialogue.number if dialogue else None,
        "turn": target.turn.position if target.turn else None,
        "source": dialogue.source if dialogue else None,
        "split": dialogue.split if dialogue else None,
    }


def split_of(target: Target) -> str:
    """The split of the dialogue. A text belongs to none: it must not get among training data."""
    dialogue = target.turn.dialogue if target.turn else target.dialogue
    return dialogue.split if dialogue else "unassigned"


def score_rows(rating: Rating, pinned: PinnedSpec) -> Iterator[Row]:
    for score in rating.scores.all():
        criterion = pinned.criteria.get(score.criterion_uid)
        yield {
            "criterion_uid": score.criterion_uid,
            "criterion": criterion.name if criterion else None,
            "meaning_id": score.meaning_id,
            "criterion_hash": score.criterion_hash,
            "status": score.status,
            "value": score.value,
            "level": level_label(criterion, score.value),
            "expected": score.expected,
            "rationale": score.rationale,
            "reason": score.reason,
            "evidence": [
                {"span": row.span, "start": row.start, "end": row.end, "quote": row.quote}
                for row in score.evidence.all()
            ],
        }


def level_label(criterion: CriterionSpec | None, value: float | None) -> str | None:
    if criterion is None or value is None:
        return None
    return next((level.label for level in criterion.levels if level.value == value), None)
