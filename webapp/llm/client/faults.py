"""What a server says is wrong, from the bodies in which servers say it."""

import json
from dataclasses import dataclass
from typing import Any

from webapp.text import storable_json

# A longer body is an answer, or a page that nobody wants to read.
MAX_BODY = 64 * 1024


@dataclass(frozen=True)
class Fault:
    """The server's words, its code, the HTTP status that it names in the body, and the fields of
    the request that it names."""

    words: str = ""
    code: str | None = None
    status: int | None = None
    names: tuple[str, ...] = ()


def fault_in(body: bytes) -> Fault | None:
    """The error that a body is about: {"error": {...}}, {"error": "words"}, {"message": "words"}
    or FastAPI's {"detail": ...}, each alone or in a list of one; None for anything else."""
    if len(body) > MAX_BODY:
        return None
    try:
        said = storable_json(json.loads(body))
    except (ValueError, RecursionError):
        return None
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if not isinstance(said, dict) or said.get("choices"):
        return None
    if error := said.get("error"):
        return _of_error(error)
    if detail := said.get("detail"):
        return _of_detail(detail)
    return _of_error(said) if isinstance(said.get("message"), str) else None


def plain_fault(body: bytes) -> Fault:
    """What an error in no known shape says: its text, unless it is a web page."""
    words = body[:MAX_BODY].decode("utf-8", "replace").strip()
    return Fault() if words.startswith("<") else Fault(words)


def _of_error(error: Any) -> Fault:
    if not isinstance(error, dict):
        return Fault(str(error))
    code, named = error.get("code"), error.get("param")
    return Fault(
        words=str(error.get("message") or ""),
        code=code if isinstance(code, str) else None,
        status=_status(code),
        names=(named,) if isinstance(named, str) else (),
    )


def _status(code: Any) -> int | None:
    """A code that is an HTTP status, as a number or in digits."""
    try:
        number = int(str(code)[:4])
    except ValueError:
        return None
    return number if 400 <= number <= 599 else None


def _of_detail(detail: Any) -> Fault:
    if not isinstance(detail, list):
        return Fault(str(detail))
    entries = [entry for entry in detail if isinstance(entry, dict)]
    places = [[str(part) for part in _list(entry.get("loc"))] for entry in entries]
    words = [
        f"{'.'.join(place)}: {entry.get('msg') or ''}"
        for entry, place in zip(entries, places, strict=True)
    ]
    return Fault("; ".join(words), names=tuple(place[-1] for place in places if place))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
