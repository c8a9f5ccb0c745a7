"""What differs between two texts of a rubric, criterion by criterion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rubrics.core.numbers import plain
from rubrics.core.spec import (
    VETOES,
    CriterionSpec,
    ExemplarSpec,
    RubricSpec,
    effect_of,
    formula_in_words,
)
from rubrics.core.word_diff import Piece, merged, words
from rubrics.core.wording import (
    CATEGORIES,
    CHECKS,
    EFFECTS,
    FORMULAS,
    SCALES,
    SPANS,
    TARGETS,
    changed_in_total,
    veto_in_words,
)
from webapp.text import listed

Effect = Literal["new", "removed", "meaning", "wording", "total", "tags", "moved"]


@dataclass(frozen=True)
class Difference:
    """One place that differs. `level` is the value of the level that it belongs to, `tone` the
    colour of its chip, 1 to 5."""

    key: str
    label: str
    pieces: tuple[Piece, ...]
    level: int | None = None
    tone: int | None = None
    note: str = ""

    @property
    def old(self) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.kind != "new")

    @property
    def new(self) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.kind != "gone")


@dataclass(frozen=True)
class CriterionDiff:
    """What became of one criterion. `moved` is its place before and now, counted from 1."""

    uid: str
    name: str
    effect: Effect
    differences: tuple[Difference, ...]
    moved: tuple[int, int] | None = None

    @property
    def count(self) -> int:
        return len(self.differences) + bool(self.moved)

    @property
    def effect_in_words(self) -> str:
        if self.effect == "total" and self.differences:
            return changed_in_total(self.fields).capitalize()
        return EFFECTS[self.effect]

    @property
    def fields(self) -> list[str]:
        """The keys of the fields that differ."""
        return [each.key for each in self.differences]


@dataclass(frozen=True)
class RubricDiff:
    frame: tuple[Difference, ...]
    criteria: tuple[CriterionDiff, ...]

    @property
    def count(self) -> int:
        return len(self.frame) + sum(each.count for each in self.criteria)


def compare(old: RubricSpec, new: RubricSpec) -> RubricDiff:
    """What differs, in the order of the new text; removed criteria come last."""
    before = {c.uid: c for c in old.criteria}
    after = {c.uid for c in new.criteria}
    moved = _moved([c.uid for c in old.criteria], [c.uid for c in new.criteria])
    criteria = [_criterion(before.get(c.uid), c, moved.get(c.uid)) for c in new.criteria] + [
        _criterion(c, None, None) for c in old.criteria if c.uid not in after
    ]
    return RubricDiff(
        frame=_differences(_frame_facts(old), _frame_facts(new)),
        criteria=tuple(each for each in criteria if each is not None),
    )


def _moved(old: list[str], new: list[str]) -> dict[str, tuple[int, int]]:
    """The criteria whose order among those that stayed is another, with both places. As few as
    possible count as moved: the rest keep their order."""
    place = {uid: n for n, uid in enumerate(old)}
    stayed = [uid for uid in new if uid in place]
    keep = set(_longest_rising([place[uid] for uid in stayed]))
    return {uid: (place[uid] + 1, new.index(uid) + 1) for uid in stayed if place[uid] not in keep}


def _longest_rising(values: list[int]) -> list[int]:
    best: list[list[int]] = []
    for index, value in enumerate(values):
        before = [best[i] for i in range(index) if values[i] < value]
        best.append([*max(before, key=len, default=[]), value])
    return max(best, key=len, default=[])


@dataclass(frozen=True)
class Fact:
    """One field of a text in the words of the page."""

    key: str
    label: str
    text: str
    level: int | None = None
    tone: int | None = None
    number: float | None = None
    # Says nothing by itself: a field as it is where nobody wrote anything.
    is_default: bool = False


def _criterion(
    old: CriterionSpec | None, new: CriterionSpec | None, moved: tuple[int, int] | None
) -> CriterionDiff | None:
    shown = new or old
    assert shown is not None  # noqa: S101  (compare passes one of the two)
    name = shown.name.strip() or "A criterion without a name"
    differences = _differences(
        facts_of(old) if old else [], facts_of(new) if new else []
    ) + _exemplars(old, new)
    if old is None or new is None:
        return CriterionDiff(shown.uid, name, "new" if old is None else "removed", differences)
    effect: Effect | None = effect_of(old, new) or ("moved" if moved else None)
    return CriterionDiff(new.uid, name, effect, differences, moved) if effect else None


def _differences(old: Sequence[Fact], new: Sequence[Fact]) -> tuple[Difference, ...]:
    """Facts that differ, in the order of the new ones with those that are gone at the end."""
    before, after = ({fact.key: fact for fact in facts} for facts in (old, new))
    gone = [fact for fact in old if fact.key not in after]
    found = [_difference(before.get(fact.key), fact) for fact in new]
    found += [_difference(fact, None) for fact in gone]
    return tuple(each for each in found if each is not None)


def _difference(old: Fact | None, new: Fact | None) -> Difference | None:
    shown = new or old
    assert shown is not None  # noqa: S101
    if (old is None or new is None) and shown.is_default:
        return None
    before, after = old.text if old else "", new.text if new else ""
    if before == after and old and new:
        return None
    note = ""
    if old and new and old.number is not None and new.number is not None:
        note = f"{new.number - old.number:+g}".replace("-", "−")
    is_value = shown.number is not None or shown.key in _CHOSEN
    pieces = (
        merged([Piece("gone", before), Piece("new", after)]) if is_value else words(before, after)
    )
    return Difference(shown.key, shown.label, pieces, shown.level, shown.tone, note)


def _frame_facts(spec: RubricSpec) -> list[Fact]:
    return [
        Fact("title", "Title", spec.title),
        Fact("purpose", "Purpose", spec.purpose),
        Fact("target", "Rates", TARGETS[spec.target]),
        Fact("guidance", "Guidance", spec.guidance),
        Fact("formula", "Formula", FORMULAS[spec.formula]),
        Fact("total", "Total in words", formula_in_words(spec)),
        *_veto_facts(spec),
    ]


def _veto_facts(spec: RubricSpec) -> list[Fact]:
    """The vetoes that the rubric changed; the others follow from its criteria."""
    return [
        Fact(f"vetoes.{entry.veto}", f"Veto: {VETOES[entry.veto]}", veto_in_words(spec, entry.veto))
        for entry in spec.vetoes
    ]


# Fields whose value is chosen: one takes the place of the other as a whole.
_CHOSEN = {"target", "formula", "kind", "scale", "category", "check", "spans"}


def facts_of(c: CriterionSpec) -> list[Fact]:
    """All fields of a criterion but its exemplars, in the order of the page."""
    facts = [
        Fact("name", "Name", c.name),
        Fact("description", "Question", c.description, is_default=not c.description),
        Fact("use_when", "When to use", c.use_when, is_default=not c.use_when),
        Fact("avoid_when", "When not to use", c.avoid_when, is_default=not c.avoid_when),
        Fact("kind", "Who decides", _KINDS[c.kind], is_default=c.kind == "judge"),
        Fact("scale", "Scale", SCALES[c.scale], is_default=c.scale == "levels"),
        Fact("spans", "Reads", _spans(c), is_default=c.spans == ("response",)),
        Fact("weight", "Weight", plain(c.weight), number=c.weight, is_default=c.weight == 1),
        Fact("points", "Points", plain(c.points), number=c.points, is_default=c.points is None),
        Fact(
            "category", "Category", CATEGORIES[c.category] if c.category else "",
            is_default=not c.category,
        ),
        Fact("gate", "Gate below level", plain(c.gate), number=c.gate, is_default=c.gate is None),
        Fact("check", "What it tests", CHECKS[c.check] if c.check else "", is_default=not c.check),
        Fact(
            "check_argument", "What it looks for", c.check_argument,
            is_default=not c.check_argument,
        ),
        Fact("tags", "Tags", ", ".join(c.tags), is_default=not c.tags),
    ]  # fmt: skip
    seen: dict[int, int] = {}
    tones = _tones(c)
    for level in sorted(c.levels, key=lambda each: each.value):
        # A draft may have a level twice.
        nth = seen[level.value] = seen.get(level.value, 0) + 1
        key = f"levels.{level.value}" + (f".{nth}" if nth > 1 else "")
        place = (level.value, tones[level.value])
        # The row of an anchor is called by its level's name, so a level that came or went says it.
        label = Fact(f"{key}.label", "Name of the level", level.label, *place)
        facts.append(replace(label, is_default=bool(level.anchor)))
        facts.append(Fact(f"{key}.anchor", level.label or "Anchor", level.anchor, *place))
    return facts


def _tones(c: CriterionSpec) -> dict[int, int]:
    """The colour of each level: 1 for the lowest to 5 for the highest."""
    values = sorted({level.value for level in c.levels} | {e.level for e in c.exemplars})
    last = max(len(values) - 1, 1)
    return {value: 1 + round(4 * place / last) for place, value in enumerate(values)}


_KINDS = {"judge": "People and judges", "check": "An exact check"}


def _spans(c: CriterionSpec) -> str:
    return ", ".join(SPANS[span] for span in SPANS if span in c.spans)


def _exemplars(old: CriterionSpec | None, new: CriterionSpec | None) -> tuple[Difference, ...]:
    """Exemplars that came, went, or show another level; one with another text is another one."""
    before = list(old.exemplars) if old else []
    after = list(new.exemplars) if new else []
    for exemplar in list(after):
        if exemplar in before:
            before.remove(exemplar)
            after.remove(exemplar)
    tones = (_tones(old) if old else {}) | (_tones(new) if new else {})
    found = []
    for exemplar in after:
        twin = next((each for each in before if _said(each) == _said(exemplar)), None)
        if twin is None:
            found.append(_exemplar("New exemplar", exemplar, tones, ("", _whole(exemplar))))
        else:
            before.remove(twin)
            texts = (_whole(exemplar), _whole(exemplar))
            note = f"showed level {twin.level} before"
            found.append(_exemplar("Exemplar", exemplar, tones, texts, note))
    found += [_exemplar("Exemplar removed", each, tones, (_whole(each), "")) for each in before]
    return tuple(found)


def _exemplar(
    label: str,
    exemplar: ExemplarSpec,
    tones: dict[int, int],
    texts: tuple[str, str],
    note: str = "",
) -> Difference:
    level = exemplar.level
    return Difference(f"exemplars.{level}", label, words(*texts), level, tones[level], note)


def _said(exemplar: ExemplarSpec) -> tuple[str, str]:
    return exemplar.text, exemplar.context


def _whole(exemplar: ExemplarSpec) -> str:
    return f"{exemplar.context}\n{exemplar.text}" if exemplar.context else exemplar.text


def in_one_sentence(diff: RubricDiff) -> str:
    """The finding, for the head of the page."""
    by_effect: dict[str, list[CriterionDiff]] = {}
    for each in diff.criteria:
        by_effect.setdefault(each.effect, []).append(each)
    parts = []
    for effect, one, many in _EFFECTS_IN_WORDS:
        if found := by_effect.get(effect):
            # Each field once, in the order in which they come.
            fields = dict.fromkeys(field for each in found for field in each.fields)
            sentence = one if len(found) == 1 else many
            names = listed([each.name for each in found], most=3)
            parts.append(sentence.format(names=names, fields=listed(fields)))
    # Several vetoes are one part of the sentence.
    changed = dict.fromkeys(each.key.partition(".")[0] for each in diff.frame)
    if frame := [_FRAME_IN_WORDS[key] for key in changed]:
        parts.append(f"{listed(frame, most=3)} changed")
    if not parts:
        return "The two texts are the same."
    sentence = f"{', '.join(parts[:-1])}, and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{sentence[0].upper()}{sentence[1:]}."


_EFFECTS_IN_WORDS = (
    ("meaning", "the meaning of {names} changed", "the meaning of {names} changed"),
    ("new", "{names} is new", "{names} are new"),
    ("removed", "{names} was removed", "{names} were removed"),
    ("wording", "{names} was reworded", "{names} were reworded"),
    ("total", "the {fields} of {names} changed", "the {fields} of {names} changed"),
    ("tags", "the tags of {names} changed", "the tags of {names} changed"),
    ("moved", "{names} was moved", "{names} were moved"),
)

_FRAME_IN_WORDS = {
    "title": "the title",
    "purpose": "the purpose",
    "target": "what it rates",
    "guidance": "the guidance",
    "formula": "the formula",
    "total": "the total",
    "vetoes": "the vetoes",
}
