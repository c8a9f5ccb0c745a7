"""The decorator of every page that lives in a project."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from webapp.accounts.access import Member, member_of, require

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
