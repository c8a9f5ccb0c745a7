"""Keyset pages of rows that have a number: the last page costs what the first one does."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
PAGE_SIZE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows with the highest number first. `older` and `newer` are the numbers that the links to
    the pages beside it name, None where there is none."""

    rows: list[M]
    newer: int | None
    older: int | None


def by_number(
    rows: QuerySet[M], *, before: int | None = None, after: int | None = None, size: int = PAGE_SIZE
) -> Page[M]:
    """The page below the number `before`, or above `after`, or the newest one."""
    if after is not None:
        found = list(rows.filter(number__gt=after).order_by("number")[: size + 1])
        more = len(found) > size
        shown = found[:size][::-1]
        return Page(shown, newer=_first(shown) if more else None, older=_last(shown))
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows.order_by("-number")[: size + 1])
    shown = found[:size]
    return Page(
        shown,
        newer=_first(shown) if before is not None else None,
        older=_last(shown) if len(found) > size else None,
    )


def _first(rows: list[M]) -> int | None:
    return rows[0].number if rows else None  # type: ignore[attr-defined]


def _last(rows: list[M]) -> int | None:
    return rows[-1].number if rows else None  # type: ignore[attr-defined]
