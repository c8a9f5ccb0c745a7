"""Two texts of one rubric that were written from the same base, as one.

Pure. What only one side changed is taken from that side; what both changed differently is a
conflict, and a person chooses one of the two, or writes a third text. Nothing is ever dropped
without being named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any, Literal
from urllib.parse import quote

from rubrics.core.spec import (
    VETOES,
    CriterionSpec,
    ExemplarSpec,
    LevelSpec,
    RubricSpec,
    VetoSpec,
)

Side = Literal["mine", "theirs"]
# Fields that a person can write anew where two texts collide.
TEXTS = frozenset(
    {
        "title", "purpose", "guidance", "name", "description", "use_when", "avoid_when",
        "check_argument", "label", "anchor",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A third text, which a person wrote in place of both."""

    text: str


Choice = Side | Written


@dataclass(frozen=True)
class Place:
    """A field of the rubric (`uid` empty), of a criterion, or of its level `level`.

    Beside the fields of the spec there are `order`, the criteria's uids; `criterion`, one that a
    side removed, None there; `scale`, with all that hangs on it, as a CriterionSpec; `exemplars`
    of one level; and `criteria`, all of them, where they can't be told apart.
    """

    field: str
    uid: str = ""
    level: int | None = None

    @property
    def key(self) -> str:
        parts = [self.uid, self.field, "" if self.level is None else str(self.level)]
        return "/".join(quote(part, safe="") for part in parts)

    @property
    def is_text(self) -> bool:
        return self.field in TEXTS

    def overlaps(self, other: "Place") -> bool:
        """Whether a change at one of the two is a change at the other, too."""
        if self.uid != other.uid:
            return False
        return self == other or any(
            one.field == "criterion" or (one.field == "scale" and two.field in _ON_SCALE)
            for one, two in ((self, other), (other, self))
        )


@dataclass(frozen=True)
class Conflict:
    place: Place
    mine: Any
    theirs: Any
    choice: Choice | None


@dataclass(frozen=True)
class MergedChange:
    """A change that one side made alone, and that is in the merged text."""

    place: Place
    side: Side
    before: Any
    after: Any


@dataclass(frozen=True)
class Merge:
    """`spec` holds what was chosen and, where nothing is chosen yet, their text."""

    spec: RubricSpec
    conflicts: tuple[Conflict, ...]
    taken: tuple[MergedChange, ...]

    @property
    def undecided(self) -> int:
        return sum(conflict.choice is None for conflict in self.conflicts)


def merge(
    base: RubricSpec | None,
    mine: RubricSpec,
    theirs: RubricSpec,
    choices: Mapping[str, Choice] | None = None,
) -> Merge:
    """`choices` holds, by the key of a place, what a person chose there.

    Without a base, every difference is a conflict.
    """
    merging = _Merging(choices or {})
    spec = merging.rubric(base, mine, theirs)
    return Merge(spec, tuple(merging.conflicts), tuple(merging.taken))


def changed_places(before: RubricSpec, after: RubricSpec) -> list[Place]:
    """Where a text was changed, by the places of a merge."""
    return [change.place for change in merge(before, after, before).taken]


class _Unknown:
    """What the base says where there is none: it equals nothing."""


_UNKNOWN = _Unknown()
_FRAME = ("title", "purpose", "target", "guidance", "formula")
# What the scale decides: another scale has other levels, and so other gates and exemplars.
_SCALE = ("kind", "scale", "levels", "gate", "exemplars")
_ON_SCALE = ("label", "anchor", "gate", "exemplars")
_ALONE = tuple(
    field.name
    for field in fields(CriterionSpec)
    if field.name not in (*_SCALE, "uid", "meaning_id")
)


class _Merging:
    def __init__(self, choices: Mapping[str, Choice]) -> None:
        self.choices = choices
        self.conflicts: list[Conflict] = []
        self.taken: list[MergedChange] = []

    def pick(self, place: Place, base: Any, mine: Any, theirs: Any) -> Any:
        if mine == theirs:
            return theirs
        if mine == base or theirs == base:
            side: Side = "theirs" if mine == base else "mine"
            kept = theirs if side == "theirs" else mine
            self.taken.append(MergedChange(place, side, base, kept))
            return kept
        choice = self.choices.get(place.key)
        if isinstance(choice, Written) and not place.is_text:
            choice = None
        self.conflicts.append(Conflict(place, mine, theirs, choice))
        if isinstance(choice, Written):
            return choice.text
        return mine if choice == "mine" else theirs

    def rubric(self, base: RubricSpec | None, mine: RubricSpec, theirs: RubricSpec) -> RubricSpec:
        frame = {name: self.field(name, base, mine, theirs) for name in _FRAME}
        frame["vetoes"] = self.vetoes(base, mine, theirs)
        texts = [text for text in (base, mine, theirs) if text]
        if all(_are_distinct(c.uid for c in text.criteria) for text in texts):
            criteria = self.criteria(base, mine, theirs)
        else:
            criteria = self.field("criteria", base, mine, theirs)
        return RubricSpec(**frame, criteria=criteria)

    def vetoes(
        self, base: RubricSpec | None, mine: RubricSpec, theirs: RubricSpec
    ) -> tuple[VetoSpec, ...]:
        """Veto by veto. If both sides changed one of them differently, a person chooses a side."""
        known, ours, others = (
            {v.veto: v for v in t.vetoes} if t else {} for t in (base, mine, theirs)
        )
        changed_here = {name for name in VETOES if ours.get(name) != known.get(name)}
        changed_there = {name for name in VETOES if others.get(name) != known.get(name)}
        collide = any(ours.get(name) != others.get(name) for name in changed_here & changed_there)
        if collide or not changed_here or not changed_there or base is None:
            return self.field("vetoes", base, mine, theirs)  # type: ignore[no-any-return]
        entries = {name: (ours if name in changed_here else others).get(name) for name in VETOES}
        merged = tuple(sorted(filter(None, entries.values()), key=attrgetter("veto")))
        if merged != theirs.vetoes:
            self.taken.append(MergedChange(Place("vetoes"), "mine", theirs.vetoes, merged))
        return merged

    def field(self, name: str, base: Any, mine: Any, theirs: Any, uid: str = "") -> Any:
        known = getattr(base, name) if base else _UNKNOWN
        return self.pick(Place(name, uid), known, getattr(mine, name), getattr(theirs, name))

    def criteria(
        self, base: RubricSpec | None, mine: RubricSpec, theirs: RubricSpec
    ) -> tuple[CriterionSpec, ...]:
        known, ours, others = (_by_uid(text) for text in (base, mine, theirs))
        merged = {}
        for uid in {**others, **ours}:
            one, other = ours.get(uid), others.get(uid)
            before = known.get(uid)
            if one and other:
                kept: CriterionSpec | None = self.criterion(before, one, other)
            else:
                # Only one side has it: new there, or removed on the other.
                kept = self.pick(Place("criterion", uid), before if base else _UNKNOWN, one, other)
            if kept:
                merged[uid] = kept
        return tuple(merged[uid] for uid in self.order(merged, known, ours, others))

    def order(
        self,
        merged: Mapping[str, CriterionSpec],
        base: Mapping[str, CriterionSpec],
        mine: Mapping[str, CriterionSpec],
        theirs: Mapping[str, CriterionSpec],
    ) -> list[str]:
        """The order of those that both have, by whoever changed it; the others after their
        neighbours."""
        both = [uid for uid in merged if uid in mine and uid in theirs]
        known = tuple(uid for uid in base if uid in both) if base else _UNKNOWN
        one = tuple(uid for uid in mine if uid in both)
        other = tuple(uid for uid in theirs if uid in both)
        order = list(self.pick(Place("order"), known, one, other))
        for side in (theirs, mine):
            before: str | None = None
            for uid in side:
                if uid in merged and uid not in order:
                    order.insert(0 if before is None else order.index(before) + 1, uid)
                before = uid if uid in merged else before
        return order

    def criterion(
        self, base: CriterionSpec | None, mine: CriterionSpec, theirs: CriterionSpec
    ) -> CriterionSpec:
        uid = theirs.uid
        alone = {name: self.field(name, base, mine, theirs, uid) for name in _ALONE}
        # Nobody types it: it follows the side that changed it.
        unchanged = base is not None and theirs.meaning_id == base.meaning_id
        alone["meaning_id"] = mine.meaning_id if unchanged else theirs.meaning_id
        texts = [text for text in (base, mine, theirs) if text]
        if len({_shape(text) for text in texts}) == 1 and _are_distinct(_shape(theirs)[2]):
            alone |= self.levels(base, mine, theirs)
        else:
            known = _scale_of(base) if base else _UNKNOWN
            chosen = self.pick(Place("scale", uid), known, _scale_of(mine), _scale_of(theirs))
            alone |= {name: getattr(chosen, name) for name in _SCALE}
        return replace(theirs, **alone)

    def levels(
        self, base: CriterionSpec | None, mine: CriterionSpec, theirs: CriterionSpec
    ) -> dict[str, Any]:
        """All that hangs on a scale that is the same on both sides."""
        uid = theirs.uid
        levels = []
        for index, theirs_level in enumerate(theirs.levels):
            known = base.levels[index] if base else None
            said = {
                name: self.pick(
                    Place(name, uid, theirs_level.value),
                    getattr(known, name) if known else _UNKNOWN,
                    getattr(mine.levels[index], name),
                    getattr(theirs_level, name),
                )
                for name in ("label", "anchor")
            }
            levels.append(LevelSpec(theirs_level.value, **said))
        gate = self.field("gate", base, mine, theirs, uid)
        exemplars = self.exemplars(base, mine, theirs)
        return {"levels": tuple(levels), "gate": gate, "exemplars": exemplars}

    def exemplars(
        self, base: CriterionSpec | None, mine: CriterionSpec, theirs: CriterionSpec
    ) -> tuple[ExemplarSpec, ...]:
        known = base.exemplars if base else ()
        shown = sorted({e.level for e in (*known, *mine.exemplars, *theirs.exemplars)})
        found = {
            level: self.pick(
                Place("exemplars", theirs.uid, level),
                _at(known, level) if base else _UNKNOWN,
                _at(mine.exemplars, level),
                _at(theirs.exemplars, level),
            )
            for level in shown
        }
        merged = tuple(exemplar for level in shown for exemplar in found[level])
        # As somebody ordered them, where one side's are the result.
        sides = (theirs.exemplars, mine.exemplars)
        return next((side for side in sides if _same_items(side, merged)), merged)


def _by_uid(text: RubricSpec | None) -> dict[str, CriterionSpec]:
    return {c.uid: c for c in text.criteria} if text else {}


def _shape(c: CriterionSpec) -> tuple[str, str, tuple[int, ...]]:
    return c.kind, c.scale, tuple(level.value for level in c.levels)


def _scale_of(c: CriterionSpec) -> CriterionSpec:
    """The scale alone, in the form that words can be made of."""
    return CriterionSpec(c.uid, "", "", **{name: getattr(c, name) for name in _SCALE})


def _at(exemplars: Iterable[ExemplarSpec], level: int) -> tuple[ExemplarSpec, ...]:
    return tuple(exemplar for exemplar in exemplars if exemplar.level == level)


def _same_items(one: Sequence[ExemplarSpec], other: Sequence[ExemplarSpec]) -> bool:
    by = attrgetter("level", "text", "context")
    return sorted(one, key=by) == sorted(other, key=by)


def _are_distinct(items: Iterable[Any]) -> bool:
    found = list(items)
    return len(set(found)) == len(found)
