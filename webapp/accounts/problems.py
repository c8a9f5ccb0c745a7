"""Errors of the API as problem details (RFC 9457)."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from webapp.errors import Refused


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(exc, Refused):
        set_rollback()
        return problem(exc.status, "Refused", str(exc), code=exc.code)
    if isinstance(exc, RequestDataTooBig):
        return problem(413, "Too large", "The request is too large for the API.")
    if isinstance(exc, ValidationError):
        exc = exceptions.ValidationError(exc.messages)
    detail = str(exc) if isinstance(exc, PermissionDenied | Http404) and str(exc) else None
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, exceptions.ValidationError):
        body = problem(400, "The request is not valid", "See errors.", errors=response.data)
    else:
        found = response.data.get("detail", "") if isinstance(response.data, dict) else ""
        title = response.status_text or "Error"
        body = problem(response.status_code, title, detail or str(found))
    for name, value in response.items():
        if name.lower() not in {"content-type", "content-length"}:
            body[name] = value
    return body


def problem(status: int, title: str, detail: str, **extra: object) -> Response:
    return Response(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra},
        status=status,
        content_type="application/problem+json",
    )


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> Any:
    """Say in the OpenAPI document that every operation may answer with a problem."""
    result["components"]["schemas"]["Problem"] = {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "errors": {},
        },
        "required": ["type", "title", "status", "detail"],
    }
    answer = {
        "description": "A problem (RFC 9457)",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for path in result["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"]["default"] = answer
    return result
