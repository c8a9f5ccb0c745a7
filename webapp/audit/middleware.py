"""Let services know where a request came from, without passing it through every call."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from webapp.audit.services import Origin, origin


class RequestContextMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        held = origin.set(Origin(address=request.META.get("REMOTE_ADDR") or None))
        try:
            return self.get_response(request)
        finally:
            origin.reset(held)
