"""How a page tells what a service answered."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest

from webapp.errors import Refused


def attempt(request: HttpRequest, done: str, action: Callable[[], object]) -> bool:
    """Do it and say `done` on the next page, or say why it was refused."""
    try:
        action()
    except Refused as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, done)
    return True
