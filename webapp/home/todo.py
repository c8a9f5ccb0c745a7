"""One thing that waits for a person."""

from dataclasses import dataclass

from webapp.ui import number


@dataclass(frozen=True)
class Todo:
    icon: str
    title: str
    text: str
    # Empty where there is no page to go to.
    url: str
    action: str
    is_urgent: bool = False
    # The action does something, where others open a page: it is posted.
    is_posted: bool = False


def quantity(count: int, one: str, many: str = "") -> str:
    """“1 item”, “1,204 items”."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"
