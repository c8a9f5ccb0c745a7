"""Numbers as files and models write them, and as people read them."""

from typing import Any


def whole(value: Any) -> int | None:
    """A whole number: 2.0 is 2, as JSON means it. None for anything else; true is no number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def plain(value: float | None, *, none: str = "") -> str:
    """“2”, “0.5” and “−1”, with a true minus; `none` where there is no number."""
    return none if value is None else f"{value:g}".replace("-", "−")
