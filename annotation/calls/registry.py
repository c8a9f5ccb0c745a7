"""Calls for rows of other apps that a person may not see yet: who is blind to a text is blind to
the calls about it. Features register theirs in AppConfig.ready."""

from collections.abc import Callable, Iterator

from django.db.models import Q

from webapp.accounts.access import Member

# The calls, as a condition on ModelCall.
Hidden = Callable[[Member], Q]
_hidden: list[Hidden] = []


def register(hidden: Hidden) -> None:
    _hidden.append(hidden)


def hidden_calls(member: Member) -> Iterator[Q]:
    return (hidden(member) for hidden in _hidden)
