"""Each person sees times in their own zone, and when each of their sessions was last used; what
they saw stays in no cache."""

import hashlib
import zoneinfo
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from redis.exceptions import RedisError

# How exact "last used" is. A row written by each request would be a write for each read.
SEEN_EVERY_S = 60


class TimeZoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of(request.user)):
            return self.get_response(request)


class SessionSeenMiddleware:
    """Notes when and from where a session was last used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and _is_due(request.session.session_key):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)


class NoStoreMiddleware:
    """Keeps what a signed-in person saw out of the browser's cache and of any proxy's, so that
    “back” shows nothing after they signed out on a computer that others use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # The API puts the person of a token here as well.
        if request.user.is_authenticated:
            response.headers["Cache-Control"] = "no-store, private"
        return response


def _is_due(session_key: str | None) -> bool:
    # A session's key signs its owner in, so it stands in no other store.
    name = hashlib.sha256(str(session_key).encode()).hexdigest()
    try:
        return cache.add(f"session-seen/{name}", True, SEEN_EVERY_S)
    except (RedisError, OSError):
        return True


def zone_of(user: object) -> zoneinfo.ZoneInfo:
    """The time zone of a user, also of one who is not signed in."""
    try:
        return zoneinfo.ZoneInfo(getattr(user, "time_zone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
