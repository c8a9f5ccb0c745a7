"""Who has a draft open now. Kept in Valkey only, and dropped soon after a page is closed."""

import functools
import json
import logging
import time
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from rubrics.access import WRITERS
from rubrics.models import RubricVersion
from webapp.accounts.models import User

logger = logging.getLogger(__name__)

# A page tells every few seconds that it is there; one that has not for this long is gone.
GONE_AFTER_S = 15.0
PATIENCE_S = 0.5


@dataclass(frozen=True)
class PresentPerson:
    """One person at one draft; `at` is the uid of the criterion that they have open."""

    name: str
    at: str
    is_me: bool


def here(version: RubricVersion, user: User, *, tab: str, at: str) -> list[PresentPerson]:
    """Note that `user` has the draft open in the browser tab `tab`, and say who else has.

    Empty if Valkey does not answer: people can write without it.
    """
    entry = json.dumps({"user": str(user.pk), "at": at, "seen": time.time()})
    try:
        with _valkey().pipeline() as pipe:
            pipe.hset(_key(version), _field(user, tab), entry)
            pipe.expire(_key(version), int(GONE_AFTER_S))
            pipe.hgetall(_key(version))
            entries = {k.decode(): json.loads(v) for k, v in pipe.execute()[-1].items()}
        if gone := [one for one, entry in entries.items() if _is_gone(entry)]:
            _valkey().hdel(_key(version), *gone)
    except RedisError as error:
        logger.warning("nobody is shown as present: %s", error)
        return []
    del entries[_field(user, tab)]
    return _people(version, user, [entry for entry in entries.values() if not _is_gone(entry)])


def leave(version: RubricVersion, user: User, *, tab: str) -> None:
    try:
        _valkey().hdel(_key(version), _field(user, tab))
    except RedisError as error:
        logger.warning("a page that was closed counts as open for a while: %s", error)


def _people(version: RubricVersion, me: User, entries: list[dict[str, Any]]) -> list[PresentPerson]:
    """The others, each once, by what they opened last. Only who may write still counts."""
    entries.sort(key=itemgetter("seen"))
    fresh = {UUID(entry["user"]): entry["at"] for entry in entries}
    if not fresh:
        return []
    people = User.objects.filter(
        pk__in=fresh,
        is_active=True,
        memberships__project=version.project_id,
        memberships__role__in=WRITERS,
    ).distinct()
    return [
        PresentPerson(name=str(person), at=fresh[person.pk], is_me=person.pk == me.pk)
        for person in people.order_by("name")
    ]


def _is_gone(entry: dict[str, Any]) -> bool:
    return time.time() - float(entry["seen"]) > GONE_AFTER_S


def _field(user: User, tab: str) -> str:
    return f"{user.pk}:{tab}"


def _key(version: RubricVersion) -> str:
    return f"presence:rubric-draft:{version.pk}"


@functools.cache
def _valkey() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
    )
