"""The studio's own format, as YAML and as JSON: a spec with all that it holds, so that a file read
is the spec that was written, with the same hash."""

import json
import re
from typing import Any

import yaml

from rubrics.core.drafts import read_draft
from rubrics.core.formats.reading import BadFile, Node
from rubrics.core.spec import RubricSpec, SpecError, to_json

_STEP = re.compile(r"([A-Za-z_]\w*)|\[(\d+)\]")


def to_json_text(spec: RubricSpec) -> str:
    return json.dumps(to_json(spec), ensure_ascii=False, indent=2) + "\n"


def to_yaml(spec: RubricSpec) -> str:
    return yaml.dump(to_json(spec), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, texts of several lines as blocks, and quotes whatever the reader could
    take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if _PLAIN.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


# Words that begin with a letter and have nothing in them that YAML gives a meaning.
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ,;()’“”/.-]*[A-Za-z0-9).’”])?")
_Dumper.add_representer(str, _represent_text)


def read(file: Node, title: str) -> RubricSpec:
    if not isinstance(file.value, dict):
        raise BadFile(file.line, "This is not a rubric.", "fields such as title and criteria")
    try:
        return read_draft(file.plain)
    except SpecError as error:
        node, name = _find(file, error.path)
        reason = f"{name}: {error.explanation}" if name else error.explanation
        raise BadFile(node.line, reason, _EXPECTED) from None


_EXPECTED = "a rubric in the studio’s own format, as exported here"


def _find(file: Node, path: str) -> tuple[Node, str]:
    """The value at a path such as `criteria[2].levels[0].anchor`, or the last one on the way."""
    node = file
    for name, index in _STEP.findall(path):
        inside = node.value
        if name and isinstance(inside, dict) and name in inside:
            node = inside[name]
        elif index and isinstance(inside, list) and int(index) < len(inside):
            node = inside[int(index)]
        else:
            break
    return node, path
