"""What the editor sends: JSON objects with known keys."""

import json
from typing import Any

from django.http import HttpRequest, JsonResponse

from webapp.errors import Refused


def read_body(request: HttpRequest, *keys: str) -> dict[str, Any]:
    """The body, an object with exactly `keys`. Raises Refused."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise bad_request("The draft did not arrive as JSON.") from error
    if not isinstance(body, dict) or set(body) != set(keys):
        names = " and ".join(f"`{key}`" for key in keys)
        raise bad_request(f"This needs an object of {names}.")
    return body


def short_text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > 64:
        raise bad_request(f"`{name}` is a text of at most 64 characters.")
    return value


def bad_request(message: str) -> Refused:
    refusal = Refused(message, code="bad_request")
    refusal.status = 400
    return refusal


def problem(refusal: Refused, **extra: Any) -> JsonResponse:
    body = {"detail": str(refusal), "code": refusal.code, **extra}
    return JsonResponse(body, status=refusal.status)
