"""A merge of two texts in the words of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rubrics.core.drafts import MAX_LABEL, MAX_NAME, MAX_TEXT, MAX_TITLE
from rubrics.core.merge import Conflict, Merge, MergedChange, Place, Side, Written
from rubrics.core.numbers import plain
from rubrics.core.spec import VETOES, CriterionSpec, RubricSpec, VetoSpec
from rubrics.core.word_diff import Piece, words
from rubrics.core.wording import CATEGORIES, CHECKS, FORMULAS, SCALES, SPANS, TARGETS

FIELDS = {
    "title": "Title",
    "purpose": "Purpose",
    "target": "What it rates",
    "guidance": "Guidance for the people who rate",
    "formula": "Formula of the total",
    "vetoes": "Vetoes that the rubric changes",
    "criteria": "Criteria",
    "order": "Order of the criteria",
    "criterion": "The whole criterion",
    "name": "Name",
    "description": "What the rater decides",
    "use_when": "When to use it",
    "avoid_when": "When not to use it",
    "scale": "Scale and levels",
    "weight": "Weight",
    "points": "Points",
    "category": "Category",
    "gate": "Gate below level",
    "spans": "What the rater reads",
    "check": "What it tests",
    "check_argument": "What it looks for",
    "tags": "Tags",
    "label": "Name of level {level}",
    "anchor": "Anchor of level {level}",
    "exemplars": "Exemplars of level {level}",
}

LIMITS = {"title": MAX_TITLE, "name": MAX_NAME, "label": MAX_LABEL}


@dataclass(frozen=True)
class ConflictView:
    """One field with both texts. `where` is the criterion's name, or “The rubric”; `who` wrote
    their text. `written` is the third text that a person wrote, None where there is none."""

    key: str
    where: str
    what: str
    mine: str
    theirs: str
    who: str
    choice: Side | None
    written: str | None
    # Whether a third text can be written here, and how long it may be.
    is_text: bool
    limit: int

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What is the same in both, only in mine (`gone`) and only in theirs (`new`)."""
        return words(self.mine, self.theirs)


@dataclass(frozen=True)
class MergedChangeView:
    """A change that is taken without a question. `who` made it where it is theirs; `is_override`
    where it replaced what the reader wrote."""

    key: str
    where: str
    what: str
    side: Side
    who: str
    is_override: bool
    before: str
    after: str


@dataclass(frozen=True)
class MergeView:
    conflicts: tuple[ConflictView, ...]
    taken: tuple[MergedChangeView, ...]
    undecided: int


def merge_in_words(
    merge: Merge,
    mine: RubricSpec,
    theirs: RubricSpec,
    who: Callable[[Place], str],
    is_override: Callable[[Place], bool],
) -> MergeView:
    """`who(place)` wrote their text there; `is_override(place)` tells whether it replaced what
    the reader wrote."""
    names = {
        c.uid: c.name.strip() or "A criterion without a name"
        for text in (mine, theirs)
        for c in text.criteria
    }

    def taken_in_words(taken: MergedChange) -> MergedChangeView:
        place = taken.place
        return MergedChangeView(
            place.key,
            *_place_in_words(place, names),
            taken.side,
            who(place) if taken.side == "theirs" else "",
            taken.side == "theirs" and is_override(place),
            _in_words(place.field, taken.before, names),
            _in_words(place.field, taken.after, names),
        )

    def conflict_in_words(conflict: Conflict) -> ConflictView:
        place, choice = conflict.place, conflict.choice
        written = choice.text if isinstance(choice, Written) else None
        return ConflictView(
            place.key,
            *_place_in_words(place, names),
            _in_words(place.field, conflict.mine, names),
            _in_words(place.field, conflict.theirs, names),
            who(place),
            None if isinstance(choice, Written) else choice,
            written,
            place.is_text,
            LIMITS.get(place.field, MAX_TEXT),
        )

    return MergeView(
        tuple(map(conflict_in_words, merge.conflicts)),
        tuple(map(taken_in_words, merge.taken)),
        merge.undecided,
    )


def _place_in_words(place: Place, names: Mapping[str, str]) -> tuple[str, str]:
    where = names.get(place.uid, "A removed criterion") if place.uid else "The rubric"
    return where, FIELDS[place.field].format(level=place.level)


def _in_words(field: str, value: Any, names: Mapping[str, str]) -> str:
    if field in ("order", "criteria"):
        uids = [item if isinstance(item, str) else item.uid for item in value]
        return ", ".join(names.get(uid, "a removed criterion") for uid in uids)
    if field == "vetoes":
        return "\n".join(_veto(entry, names) for entry in value) or "None"
    return _WORDS[field](value) if field in _WORDS else value


def _veto(entry: VetoSpec, names: Mapping[str, str]) -> str:
    capped = [names.get(uid, "a removed criterion") for uid in entry.criteria]
    said = f"caps {', '.join(capped)}" if capped else "off"
    return f"{VETOES[entry.veto]}: {said}. {entry.reason}"


def _criterion(c: CriterionSpec | None) -> str:
    if c is None:
        return "Removed"
    parts = [c.name, c.description, _scale(c)]
    return "\n".join(part for part in parts if part)


def _scale(c: CriterionSpec) -> str:
    head = "An exact check" if c.kind == "check" else SCALES[c.scale]
    gate = "" if c.gate is None else f", gate below {c.gate}"
    levels = [f"{one.value} {one.label}: {one.anchor}" for one in c.levels]
    shown = [f"Exemplar of level {one.level}: {one.text}" for one in c.exemplars]
    return "\n".join([f"{head}{gate}", *levels, *shown])


def _exemplars(exemplars: Any) -> str:
    lines = [f"{e.text} (after: {e.context})" if e.context else e.text for e in exemplars]
    return "\n".join(lines) or "None"


_WORDS: dict[str, Callable[[Any], str]] = {
    "target": TARGETS.__getitem__,
    "formula": FORMULAS.__getitem__,
    "category": lambda value: CATEGORIES[value] if value else "None",
    "check": lambda value: CHECKS[value] if value else "None",
    "spans": lambda spans: ", ".join(SPANS[span] for span in spans) or "None",
    "tags": lambda tags: ", ".join(tags) or "None",
    "weight": partial(plain, none="None"),
    "points": partial(plain, none="None"),
    "gate": partial(plain, none="None"),
    "criterion": _criterion,
    "scale": _scale,
    "exemplars": _exemplars,
}
