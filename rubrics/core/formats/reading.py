"""Text of a file to values that know their line.

YAML is read from the events of PyYAML's parser, which builds no objects at all; aliases are
refused, so that no file unfolds to more than it holds. JSON is checked by Python's parser and then
walked through once more for the lines.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

_DECODER = json.JSONDecoder()

# A draft holds a million characters (rubrics.core.drafts).
MAX_BYTES = 4 * 1024 * 1024
_MAX_DEPTH = 20
_MAX_VALUES = 50_000

# What no database keeps, and no page can send.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Node:
    """A value with the line that it begins at: a dict of Nodes, a list of Nodes or a scalar."""

    value: Any
    line: int

    @property
    def plain(self) -> Any:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value


def decode(data: bytes) -> str:
    """UTF-8, with or without a byte order mark."""
    if len(data) > MAX_BYTES:
        raise BadFile(
            None, f"The file has {len(data):,} bytes.", f"at most {MAX_BYTES // 1024**2} MiB"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadFile(line, "The file is not UTF-8 text.", "a text file saved as UTF-8") from None
    if not text.strip():
        raise BadFile(None, "The file is empty.", "a rubric")
    return text


def parse_json(text: str) -> Node:
    try:
        # Numbers are read below, where their lines are known: Python refuses thousands of digits.
        json.loads(text, parse_constant=_refuse_constant, parse_int=len)
    except json.JSONDecodeError as error:
        reason = f"This is not valid JSON: {error.msg.lower()}."
        raise BadFile(error.lineno, reason, "JSON") from None
    except RecursionError:
        # As deep as Python reads it is JSON. The reader gives up earlier, and knows the line.
        pass
    except _Constant as error:
        line = _line_of_constant(text, str(error))
        raise BadFile(line, f"{error} is not a number.", "a number") from None
    return _JsonReader(text).read()


def parse_yaml(text: str) -> Node:
    return _YamlReader(text).read()


_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<constant>-?Infinity|NaN)', re.DOTALL)
_DIGITS = "A number has too many digits."


class BadFile(ValueError):
    """A file that is no rubric: the line counted from 1 where it is known, why, and what was
    expected there."""

    def __init__(self, line: int | None, reason: str, expected: str) -> None:
        where = f"Line {line}: " if line else ""
        super().__init__(f"{where}{reason} Expected: {expected}.")
        self.line, self.reason, self.expected = line, reason, expected


class _Constant(Exception):
    pass


def _refuse_constant(name: str) -> Any:
    raise _Constant(name)


def _line_of_constant(text: str, name: str) -> int | None:
    """The line of the first NaN or Infinity outside of a string: they are words in texts, too."""
    for found in _STRING_OR_CONSTANT.finditer(text):
        if found["constant"] == name:
            return text.count("\n", 0, found.start()) + 1
    return None


def _too_deep(line: int) -> BadFile:
    return BadFile(line, "The file is nested too deeply.", f"at most {_MAX_DEPTH} levels")


class _Bounds:
    """How deep a file may go and how much it may hold."""

    def __init__(self) -> None:
        self.count = 0

    def check(self, depth: int, line: int) -> None:
        self.count += 1
        if self.count > _MAX_VALUES:
            raise BadFile(line, "The file has too many values.", f"at most {_MAX_VALUES:,}")
        if depth > _MAX_DEPTH:
            raise _too_deep(line)


def _put(found: dict[str, Node], key: str, line: int, value: Node) -> None:
    if key in found:
        raise BadFile(line, f"“{key[:60]}” appears twice.", "each field once")
    found[key] = value


def _text(text: str, line: int) -> str:
    if _UNSTORABLE.search(text):
        raise BadFile(line, "A character here can’t be stored.", "plain text")
    return text


_SPACE = re.compile(r"[ \t\r\n]*")
_JSON_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_JSON_WORDS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


class _JsonReader:
    """Walks through text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1
        self.bounds = _Bounds()

    def read(self) -> Node:
        self._skip()
        return self._node(0)

    def _node(self, depth: int) -> Node:
        line, first = self.line, self.text[self.at]
        self.bounds.check(depth, line)
        if first == "{":
            return Node(self._object(depth), line)
        if first == "[":
            return Node(self._array(depth), line)
        if first == '"':
            return Node(self._string(), line)
        if first in _JSON_WORDS:
            word, value = _JSON_WORDS[first]
            self.at += len(word)
            return Node(value, line)
        return Node(self._number(), line)

    def _object(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while self._next("}"):
            line, key = self.line, self._string()
            self._next(":")
            _put(found, key, line, self._node(depth + 1))
        return found

    def _array(self, depth: int) -> list[Node]:
        found = []
        while self._next("]"):
            found.append(self._node(depth + 1))
        return found

    def _next(self, end: str) -> bool:
        """Step over a bracket, comma or colon and the space around it. False at the end."""
        self._skip()
        if self.text[self.at] in "[{,:":
            self.at += 1
            self._skip()
        if self.text[self.at] != end:
            return True
        self.at += 1
        return False

    def _string(self) -> str:
        value, self.at = _DECODER.raw_decode(self.text, self.at)
        return _text(value, self.line)

    def _number(self) -> int | float:
        found = _JSON_NUMBER.match(self.text, self.at)
        assert found is not None  # noqa: S101  (the text is JSON)
        self.at = found.end()
        return _number(found[0], self.line)

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None  # noqa: S101  (it matches nothing too)
        self.line += found[0].count("\n")
        self.at = found.end()


class _YamlReader:
    """Values from PyYAML's events."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bounds = _Bounds()

    def read(self) -> Node:
        try:
            self.loader = _Loader(self.text)
            self._expect(yaml.StreamStartEvent)
            self._expect(yaml.DocumentStartEvent)
            node = self._node(0)
            self._expect(yaml.DocumentEndEvent)
            if not self.loader.check_event(yaml.StreamEndEvent):
                line = self.loader.peek_event().start_mark.line + 1
                raise BadFile(line, "The file contains a second document.", "one rubric per file")
            return node
        except yaml.reader.ReaderError as error:
            line = self.text[: error.position].count("\n") + 1
            raise BadFile(line, "A character here can't be read.", "plain text") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            reason = f"This is not valid YAML: {error.problem}."
            raise BadFile(mark.line + 1 if mark else None, reason, "YAML") from None

    def _expect(self, kind: type) -> None:
        if not self.loader.check_event(kind):
            raise BadFile(None, "The file is empty.", "a rubric")
        self.loader.get_event()

    def _node(self, depth: int) -> Node:
        event = self.loader.get_event()
        line = event.start_mark.line + 1
        self.bounds.check(depth, line)
        if isinstance(event, yaml.AliasEvent):
            raise BadFile(line, "Aliases (*name) are not supported.", "every value written out")
        if event.tag is not None:
            raise BadFile(line, f"Tags ({event.tag[:60]}) are not supported.", "a plain value")
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._mapping(depth), line)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not self.loader.check_event(yaml.SequenceEndEvent):
                items.append(self._node(depth + 1))
            self.loader.get_event()
            return Node(items, line)
        return Node(_scalar(event, line), line)

    def _mapping(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not self.loader.check_event(yaml.MappingEndEvent):
            key = self._node(depth + 1)
            if not isinstance(key.value, str):
                raise BadFile(key.line, "The name of a field is not text.", "a name")
            _put(found, key.value, key.line, self._node(depth + 1))
        self.loader.get_event()
        return found


_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def _scalar(event: Any, line: int) -> Any:
    """A plain word as YAML 1.2 means it: `no` and `on` are text, `.nan` and `.inf` are nothing."""
    text = _text(event.value, line)
    if not event.implicit[0]:
        return text
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if text.lower().lstrip("+-") in (".nan", ".inf"):
        raise BadFile(line, f"{text} is not a number.", "a number")
    if _NUMBER.fullmatch(text):
        return _number(text, line)
    return text


def _number(text: str, line: int) -> int | float:
    if len(text) > 40:
        raise BadFile(line, _DIGITS, "a number of ordinary size")
    if _INTEGER.fullmatch(text):
        return int(text)
    value = float(text)
    if not math.isfinite(value):
        raise BadFile(line, f"{text} is too large.", "a number of ordinary size")
    return value
