"""Each person sees times in their own zone."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class TimeZoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of(request.user)):
            return self.get_response(request)


def zone_of(user: object) -> zoneinfo.ZoneInfo:
    """The time zone of a user, also of one who is not signed in."""
    try:
        return zoneinfo.ZoneInfo(getattr(user, "time_zone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
