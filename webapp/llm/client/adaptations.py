"""Fields of a request that some servers refuse: the same request without them, or by another name.

Models that reason refuse `temperature` and know `max_tokens` as `max_completion_tokens`; strict
servers refuse `seed`, or `logprobs`. A limit of tokens is never left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.llm.errors import REQUEST_FAULTS, RequestRefused

INSTEAD = {"max_tokens": "max_completion_tokens"}
# Where a server takes only one of temperature and top_p, top_p goes: it is 1, which says nothing.
LEFT_OUT = ("seed", "top_p", "temperature", "logprobs", "top_logprobs")
# One is of no use without the other.
_TOGETHER = {"logprobs": ("top_logprobs",), "top_logprobs": ("logprobs",)}
# A value that is too large is no field that the server does not know.
_UNKNOWN = re.compile(
    r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed"
    r"|extra (?:field|input)|forbidden|cannot both be|deprecated",
    re.IGNORECASE,
)
# Said of a number of tokens: another name would be refused for it, too, and yet be remembered.
_SIZE = re.compile(r"too (?:large|high)|at most|greater|more than|exceed", re.IGNORECASE)


@dataclass(frozen=True)
class Adaptation:
    """`field` is sent as `instead`, or not at all where that is empty; `said` are the server's
    words."""

    field: str
    instead: str
    said: str


def adaptation_to(error: RequestRefused, sent: Mapping[str, Any]) -> Adaptation | None:
    """What to change of the request that was sent; None where the server refuses something else."""
    said = str(error)
    if error.status not in REQUEST_FAULTS or not _UNKNOWN.search(said):
        return None
    known = [name for name in (*INSTEAD, *LEFT_OUT) if name in sent]
    named = [name for name in known if name in error.names]
    spelled = [name for name in known if re.search(rf"\b{name}\b", said)]
    field = next(iter(named or spelled), None)
    if field is None or (field in INSTEAD and _SIZE.search(said)):
        return None
    return Adaptation(field, INSTEAD.get(field, ""), said)


def adapted(body: Mapping[str, Any], adaptations: Mapping[str, Adaptation]) -> dict[str, Any]:
    """The body as the server takes it."""
    dropped = {other for name in adaptations for other in _TOGETHER.get(name, ())}
    kept: dict[str, Any] = {}
    for name, value in body.items():
        found = adaptations.get(name)
        if found is None and name not in dropped:
            kept[name] = value
        elif found is not None and found.instead:
            kept[found.instead] = value
    return kept
