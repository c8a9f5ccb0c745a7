"""What no address of the studio holds."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse


class RefuseNulMiddleware:
    """There is nothing at a path with a NUL character (%00): no database keeps one, so that no view
    has to expect it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404("There is nothing at this address.")
        return self.get_response(request)
