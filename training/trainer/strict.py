"""JSON read strictly into dataclasses: unknown, missing and ill-typed fields are named."""

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

Data = TypeVar("Data")


class ConfigError(ValueError):
    """A spec that can't run: `path` says where in spec.json, `reason` why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class _Bounds:
    least: float = -math.inf
    above: float = -math.inf
    most: float = math.inf


def bounded(default: Any, **bounds: float) -> Any:
    """A dataclass field with a default, and `least`, `above` (exclusive) or `most`."""
    return field(default=default, metadata={"bounds": _Bounds(**bounds)})


def read(kind: Callable[..., Data], value: Any, path: str) -> Data:
    """`value` as an instance of the dataclass `kind`. Raises ConfigError."""
    if not isinstance(value, Mapping):
        raise ConfigError(path, "A JSON object was expected.")
    known, hints = fields(kind), get_type_hints(kind)  # type: ignore[arg-type]
    if unknown := sorted(set(value) - {each.name for each in known}):
        raise ConfigError(_join(path, unknown[0]), "This field is unknown.")
    return kind(**{each.name: _field(each, hints[each.name], value, path) for each in known})


def _field(each: Field, hint: Any, given: Mapping, path: str) -> Any:
    inner = _join(path, each.name)
    if each.name in given:
        return _value(hint, given[each.name], inner, each.metadata.get("bounds", _Bounds()))
    if each.default is not MISSING:
        return each.default
    if each.default_factory is not MISSING:
        return each.default_factory()
    raise ConfigError(inner, "This field is missing.")


def _value(hint: Any, value: Any, path: str, bounds: _Bounds) -> Any:
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value, path)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ConfigError(path, f"One of {', '.join(map(repr, get_args(hint)))} was expected.")
        return value
    if get_origin(hint) is types.UnionType:
        return None if value is None else _value(get_args(hint)[0], value, path, bounds)
    if hint in (int, float):
        return _number(hint, value, path, bounds)
    if hint is dict and isinstance(value, Mapping):
        return dict(value)
    if type(value) is not hint:
        raise ConfigError(path, f"{_NAMES[hint]} was expected.")
    return value


def _number(hint: type, value: Any, path: str, bounds: _Bounds) -> Any:
    kinds = (int,) if hint is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
        raise ConfigError(path, f"{_NAMES[hint]} was expected.")
    if value < bounds.least:
        raise ConfigError(path, f"{value} is below {bounds.least:g}.")
    if value <= bounds.above:
        raise ConfigError(path, f"{value} is not above {bounds.above:g}.")
    if value > bounds.most:
        raise ConfigError(path, f"{value} is above {bounds.most:g}.")
    return hint(value)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_NAMES = {
    int: "A whole number",
    float: "A number",
    str: "Text",
    bool: "True or false",
    dict: "A JSON object",
    list: "A list",
}
