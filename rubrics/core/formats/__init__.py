"""Rubrics in files: Kardia YAML and JSON both ways, HealthBench, Rubrics as Rewards and RubricHub
JSON both ways as far as they go, Markdown for reading. Nothing here knows a database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rubrics.core.formats import field_formats, kardia, markdown
from rubrics.core.formats.reading import MAX_BYTES, BadFile, Node, decode, parse_json, parse_yaml
from rubrics.core.spec import RubricSpec

__all__ = ["FORMATS", "MAX_BYTES", "BadFile", "Format", "losses", "read", "write"]


@dataclass(frozen=True)
class Format:
    """`read` makes a spec of a parsed file with its title where the file has none; None for a
    format that is only written. `losses` says what of a spec it can't hold."""

    name: str
    label: str
    suffix: str
    media_type: str
    write: Callable[[RubricSpec], str]
    losses: Callable[[RubricSpec], Sequence[str]]
    parse: Callable[[str], Node] | None = None
    read: Callable[[Node, str], RubricSpec] | None = None


def _nothing_lost(spec: RubricSpec) -> Sequence[str]:
    return ()


_JSON = "application/json"
FORMATS = {
    each.name: each
    for each in (
        Format(
            "kardia-yaml", "Kardia YAML", "yaml", "application/yaml",
            kardia.to_yaml, _nothing_lost, parse_yaml, kardia.read,
        ),
        Format(
            "kardia-json", "Kardia JSON", "json", _JSON,
            kardia.to_json_text, _nothing_lost, parse_json, kardia.read,
        ),
        Format(
            "healthbench", "HealthBench JSON", "json", _JSON,
            field_formats.to_healthbench, field_formats.lost_in_healthbench,
            parse_json, field_formats.read_healthbench,
        ),
        Format(
            "rar", "Rubrics as Rewards JSON", "json", _JSON,
            field_formats.to_rar, field_formats.lost_in_rar, parse_json, field_formats.read_rar,
        ),
        Format(
            "rubrichub", "RubricHub JSON", "json", _JSON,
            field_formats.to_rubrichub, field_formats.lost_in_rubrichub,
            parse_json, field_formats.read_rubrichub,
        ),
        Format(
            "markdown", "Markdown for reading", "md", "text/markdown", markdown.write, markdown.lost
        ),
    )
}  # fmt: skip


def read(data: bytes, format_name: str, *, title: str) -> RubricSpec:
    """The rubric in a file; `title` where the format has none. Raises BadFile with the line, the
    reason and what was expected."""
    chosen = FORMATS.get(format_name)
    if chosen is None or chosen.read is None or chosen.parse is None:
        names = ", ".join(each.label for each in FORMATS.values() if each.read)
        raise BadFile(None, "This format can’t be read.", f"one of {names}")
    return chosen.read(chosen.parse(decode(data)), title)


def write(spec: RubricSpec, format_name: str) -> str:
    return FORMATS[format_name].write(spec)


def losses(spec: RubricSpec, format_name: str) -> list[str]:
    """What the format can't hold of this rubric, in words; empty where the file is all of it."""
    return list(FORMATS[format_name].losses(spec))
