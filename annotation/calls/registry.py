"""Rows of other apps whose calls a person may not see yet: who is blind to a text is blind to the
calls that made it. Features register theirs in AppConfig.ready."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

from webapp.accounts.access import Member

# The ids of the rows that calls were made for.
Hidden = Callable[[Member], QuerySet[Any]]
_hidden: list[Hidden] = []


def register(hidden: Hidden) -> None:
    _hidden.append(hidden)


def hidden_rows(member: Member) -> Iterator[QuerySet[Any]]:
    return (hidden(member) for hidden in _hidden)
