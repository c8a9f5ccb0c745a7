"""What no address of the studio holds, and what is answered where the program failed."""

import sys
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import defaults

from webapp.db import was_stopped

TOO_SLOW = {
    "type": "about:blank",
    "title": "Too slow",
    "status": 503,
    "detail": "The database took too long, so the request was stopped. Nothing was saved in part.",
    "code": "too_slow",
}


class RefuseNulMiddleware:
    """There is nothing at a path with a NUL character (%00): no database keeps one, so that no view
    has to expect it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404("There is nothing at this address.")
        return self.get_response(request)


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to a request that failed: 503 where the database stopped a slow statement
    (webapp.web_settings), of a middleware too; 500 for everything else. Django logs both."""
    if not was_stopped(sys.exception()):
        return defaults.server_error(request)
    if request.path.startswith("/api/"):
        return JsonResponse(TOO_SLOW, status=503, content_type="application/problem+json")
    return render(None, "503.html", status=503)
