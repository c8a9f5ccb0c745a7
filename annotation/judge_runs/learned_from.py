"""Which items a learned judge knows from its fit. No figure compares it with people on these.

A judge knows an item if its fit learned from the item itself, from another item of the same
profile, or from a text that says the same, in whatever dialogue. Language models learn from no
ratings here and know none.

Fits that were made before the studio kept what they learned from have no sources. They never used
the test split, so we have to assume that their judges learned from everything outside of it, and
know what has the same profile or says the same as a rated text there.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from annotation.models import FitSource, Rater, Target
from annotation.models.corpus import Split
from annotation.ratings.places import profile_hash, written_profile
from rubrics.models import Judge

# (what it marks, value): two targets that share one are not independent.
Mark: TypeAlias = tuple[str, str]
_MARKS = ("person", "profile", "words", "raw")


@dataclass(frozen=True, slots=True)
class KnownItems:
    """The `targets` that a judge knows. `is_recorded`: its fit named what it learned from."""

    targets: frozenset[UUID] = frozenset()
    is_recorded: bool = True


def known_items(judges: Collection[Judge], targets: Collection[UUID]) -> Mapping[UUID, KnownItems]:
    """Of `targets`, what each of these judges of one project knows, by the judge's id.

    Three queries at most, and none if no judge was fitted.
    """
    known = {judge.pk: KnownItems() for judge in judges}
    fitted = {judge.pk: judge.artefact_id for judge in judges if judge.kind == Judge.Kind.LEARNED}
    if not fitted or not targets:
        return known
    marks, in_test = _marks_of(targets)
    learned = _learned_marks(fitted.values())
    for judge, artefact in fitted.items():
        shared = (pk for pk, own in marks.items() if own & learned.get(artefact, set()))
        known[judge] = KnownItems(frozenset(shared))
    if unrecorded := [judge for judge, artefact in fitted.items() if artefact not in learned]:
        said = _said_outside(next(iter(judges)).project_id, [marks[pk] for pk in in_test])
        outside = frozenset(pk for pk, own in marks.items() if pk not in in_test or own & said)
        known |= dict.fromkeys(unrecorded, KnownItems(outside, is_recorded=False))
    return known


def _marks_of(targets: Collection[UUID]) -> tuple[dict[UUID, set[Mark]], set[UUID]]:
    """The marks of each target, and which targets are of the test split."""
    marks: dict[UUID, set[Mark]] = {}
    in_test: set[UUID] = set()
    split = Coalesce("turn__dialogue__split", "dialogue__split")
    rows = Target.objects.filter(pk__in=targets).annotate(of_split=split, **_mark_columns())
    for pk, of_split, *values in rows.values_list("pk", "of_split", *_MARKS):
        marks[pk] = _as_marks(values)
        if of_split == Split.TEST:
            in_test.add(pk)
    return marks, in_test


def _learned_marks(artefacts: Collection[UUID | None]) -> dict[UUID | None, set[Mark]]:
    """The marks of all that the fit of each artefact learned from. One whose fit named nothing is
    left out. Later versions of a judge have the artefact of the first, and know what it knows."""
    learned: dict[UUID | None, set[Mark]] = defaultdict(set)
    sources = FitSource.objects.filter(run__judge__artefact__in=artefacts)
    marked = sources.annotate(**_mark_columns("target__"))
    for artefact, *values in marked.values_list("run__judge__artefact", *_MARKS):
        learned[artefact] |= _as_marks(values)
    return dict(learned)


def _said_outside(project: UUID, marks: Collection[set[Mark]]) -> set[Mark]:
    """The marks of the rated texts outside of the test split that share a profile or words with
    these."""
    said: dict[str, set[str]] = {name: set() for name in _MARKS}
    for name, value in (mark for own in marks for mark in own):
        said[name].add(value)
    rows = (
        Target.objects.annotate(**_mark_columns())
        .filter(
            # The same profile may come from two sources, one of them in the test split.
            Q(profile__in=said["profile"]) | Q(words__in=said["words"]) | Q(raw__in=said["raw"]),
            project=project,
            ratings__rater__kind__in=[kind for kind in Rater.Kind if kind != Rater.Kind.JUDGE],
        )
        .exclude(turn__dialogue__split=Split.TEST)
        .exclude(dialogue__split=Split.TEST)
        .values_list(*_MARKS)
    )
    return {mark for values in rows for mark in _as_marks(values)}


def _mark_columns(path: str = "") -> dict[str, object]:
    """A column for each of _MARKS: the person that a dialogue is of, the text of the profile (of a
    reply outside of dialogues, too), the words as blindness compares them, and the raw text."""
    profile = Coalesce(
        f"{path}turn__dialogue__profile__text",
        f"{path}dialogue__profile__text",
        written_profile(path),
    )
    return {
        "person": Coalesce(f"{path}turn__dialogue__split_key", f"{path}dialogue__split_key"),
        "profile": profile_hash(profile),
        "words": F(f"{path}normal_hash"),
        "raw": F(f"{path}content_hash"),
    }


def _as_marks(values: Collection[str | None]) -> set[Mark]:
    return {(name, value) for name, value in zip(_MARKS, values, strict=True) if value}
