"""What apps take away with a deleted project. Apps register theirs in AppConfig.ready, so that the
shared ground imports no app."""

from collections.abc import Callable
from dataclasses import dataclass

from webapp.accounts.models import Project


@dataclass(frozen=True)
class Part:
    """`remove_files` is called before the rows of a deleted project go, and again if that was cut
    off; it may raise OSError."""

    name: str
    remove_files: Callable[[Project], None]


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    _parts[part.name] = part


def registered() -> list[Part]:
    return list(_parts.values())
