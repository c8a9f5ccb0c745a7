"""What pages share: who may open one in a project, and how htmx and scripts are answered."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from webapp.accounts.access import Member, member_of, require
from webapp.errors import Refused

View = Callable[Concatenate[HttpRequest, Member, ...], HttpResponse]


def project_page(*roles: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """The view gets the Member in place of `project_id`. Strangers get 404, members without one
    of `roles` (where any is named) get 403."""

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @wraps(view)
        @login_required
        def checked(request: HttpRequest, project_id: UUID, **kwargs: Any) -> HttpResponse:
            member = member_of(request.user, project_id)  # type: ignore[arg-type]
            # The shell shows the rail of this project, also on the page of a refusal.
            request.member = member  # type: ignore[attr-defined]
            require(member, roles)
            return view(request, member, **kwargs)

        return checked

    return decorate


def admin_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the instance's administration."""

    @wraps(view)
    @login_required
    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if not request.user.is_admin:  # type: ignore[union-attr]
            raise PermissionDenied("Only administrators of this instance may see this page.")
        return view(request, **kwargs)

    return checked


def page_or_part(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """The page `desk/item.html`; for htmx only its part, `desk/_item.html`."""
    folder, _, name = template.rpartition("/")
    is_part = request.htmx  # type: ignore[attr-defined]
    return render(request, f"{folder}/_{name}" if is_part else template, context)


def saying(response: HttpResponse, event: str, words: str) -> HttpResponse:
    """Tell the page's scripts what was done, in words for a toast."""
    response["HX-Trigger"] = json.dumps({event: {"message": words}})
    return response


def problem(refusal: Refused, *, status: int | None = None, **details: Any) -> JsonResponse:
    """A refusal for a script of the page, with what it needs to go on."""
    body = {"detail": str(refusal), "code": refusal.code, **details}
    return JsonResponse(body, status=status or refusal.status)
