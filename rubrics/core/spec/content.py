"""A spec as JSON data and back, and the hashes that numbers are pinned to."""

import functools
import hashlib
import json
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import rfc8785

from rubrics.core.spec.model import SPEC_FORMAT, CriterionSpec, RubricSpec

Effect = Literal["meaning", "wording", "total", "tags"]

# What enters the total only. A judge is told the points, as HealthBench's own grader is; whether a
# criterion is met does not depend on them.
_TOTAL_FIELDS = ("weight", "points", "category", "gate")
# Left out of the JSON while empty: a rubric without them has the hash that it had before there
# were any.
_LEFT_OUT_WHILE_EMPTY = ("tags", "vetoes")


class SpecError(ValueError):
    """JSON that is no rubric spec: `path` says where, `explanation` says it for people."""

    def __init__(self, path: str, explanation: str) -> None:
        super().__init__(f"{path}: {explanation}" if path else explanation)
        self.path = path
        self.explanation = explanation


def to_json(spec: RubricSpec) -> dict[str, Any]:
    """The spec as JSON data, `spec_format` included."""
    return {"spec_format": SPEC_FORMAT, **_plain(spec)}


def from_json(data: Mapping[str, Any]) -> RubricSpec:
    """The inverse of `to_json`. Missing optional fields take their defaults.

    Raises SpecError for another format, an unknown field, a missing one or a wrong type.
    """
    if not isinstance(data, Mapping):
        raise SpecError("", "A rubric is a JSON object.")
    if data.get("spec_format") != SPEC_FORMAT:
        raise SpecError("spec_format", f"This version reads spec_format {SPEC_FORMAT} only.")
    content = {key: value for key, value in data.items() if key != "spec_format"}
    return _in_order(_read(RubricSpec, content, ""))


def _in_order(spec: RubricSpec) -> RubricSpec:
    """With its vetoes in one order, and each criterion of a veto once: equal vetoes, equal hash."""
    if not spec.vetoes:
        return spec
    entries = (replace(each, criteria=tuple(sorted(set(each.criteria)))) for each in spec.vetoes)
    return replace(spec, vetoes=tuple(sorted(entries, key=lambda each: each.veto)))


def spec_hash(spec: RubricSpec) -> str:
    """sha256, in hex, of the spec's RFC 8785 JSON."""
    return _sha256(to_json(spec))


def criterion_hash(criterion: CriterionSpec) -> str:
    """sha256, in hex, of all that bears on a single score.

    Weight, points, category and gate are left out: they enter the total only, so a change of
    them recomputes totals and asks neither people nor judges again. Nobody who scores reads tags.
    """
    content = {
        key: value
        for key, value in _plain(criterion).items()
        if key not in (*_TOTAL_FIELDS, "tags")
    }
    return _sha256({"spec_format": SPEC_FORMAT, **content})


def meaning_changed(old: CriterionSpec, new: CriterionSpec) -> bool:
    """Whether scores of `old` can never stand for `new`, whatever the author says."""
    return _meaning(old) != _meaning(new)


def effect_of(old: CriterionSpec, new: CriterionSpec) -> Effect | None:
    """What became of a criterion: "meaning", its scores do not stand for the new text; "wording",
    they do; "total", its part in the total differs; "tags", its tags alone; None where it is the
    same."""
    if old.meaning_id != new.meaning_id or meaning_changed(old, new):
        return "meaning"
    if criterion_hash(old) != criterion_hash(new):
        return "wording"
    if any(getattr(old, name) != getattr(new, name) for name in _TOTAL_FIELDS):
        return "total"
    return None if old == new else "tags"


def _meaning(criterion: CriterionSpec) -> tuple[Any, ...]:
    return (criterion.kind, criterion.scale, criterion.level_values, frozenset(criterion.spans))


def _sha256(data: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()


def _plain(value: Any) -> Any:
    """As JSON data. `dataclasses.asdict` copies what it finds and takes longer."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        return {
            name: _plain(content)
            for name, content in given.items()
            if content or name not in _LEFT_OUT_WHILE_EMPTY
        }
    return value


def _read(kind: Any, value: Any, path: str) -> Any:
    if kind in _READERS:
        return _READERS[kind](value, path)
    origin, options = get_origin(kind), get_args(kind)
    if kind is CriterionSpec:
        return _read_criterion(value, path)
    if is_dataclass(kind):
        return _read_object(kind, value, path)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise SpecError(path, "A list was expected.")
        return tuple(_read(options[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if origin is Literal:
        if value not in options:
            words = ", ".join(repr(option) for option in options)
            raise SpecError(path, f"One of {words} was expected.")
        return value
    assert origin is types.UnionType  # noqa: S101  (a field of another type is a mistake of ours)
    return None if value is None else _read(options[0], value, path)


def _read_criterion(value: Any, path: str) -> CriterionSpec:
    """Drafts save themselves every second or so, and one criterion of many has changed: the others
    are known."""
    try:
        return _known_criterion(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return _read_object(CriterionSpec, value, path)  # says where, or that it is no JSON


@functools.lru_cache(maxsize=1024)
def _known_criterion(text: str) -> CriterionSpec:
    return _read_object(CriterionSpec, json.loads(text), "")


def _read_object(kind: Any, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise SpecError(path, "An object was expected.")
    known, hints = fields(kind), _type_hints(kind)
    if unknown := sorted(set(map(str, value)) - {field.name for field in known}):
        raise SpecError(path, f"Unknown field: {unknown[0]}.")
    given = {}
    for field in known:
        inner = f"{path}.{field.name}" if path else field.name
        if field.name in value:
            given[field.name] = _read(hints[field.name], value[field.name], inner)
        elif field.default is MISSING:
            raise SpecError(inner, "This field is missing.")
    return kind(**given)


# Read once for each class: drafts of many criteria are read at every save.
_type_hints = functools.cache(get_type_hints)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _read_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise SpecError(path, "Text was expected.")
    if _UNSTORABLE.search(value):
        raise SpecError(path, "The text has characters that cannot be stored.")
    return value


def _read_whole_number(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000_000:
        raise SpecError(path, "A whole number was expected.")
    return value


def _read_number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecError(path, "A number was expected.")
    if not abs(value) <= 1_000_000:  # written so that NaN is refused too
        raise SpecError(path, "A number of ordinary size was expected.")
    return float(value)


_READERS = {str: _read_text, int: _read_whole_number, float: _read_number}
