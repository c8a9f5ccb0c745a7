"""Who may send a large file, decided from the headers before the body is read."""

from collections.abc import Callable
from contextvars import copy_context
from io import BytesIO
from typing import Any, TypeVar, cast
from uuid import UUID

from asgiref.typing import HTTPScope
from django.contrib import auth
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse
from django.urls import resolve
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from webapp.accounts.access import find_member
from webapp.accounts.models import Scope, User
from webapp.accounts.tokens import TokenAuthentication

V = TypeVar("V", bound=Callable[..., Any])


def takes_files(*roles: str) -> Callable[[V], V]:
    """Mark a page, or a method of a view set, to which people with one of `roles` send files."""

    def mark(view: V) -> V:
        view.upload_roles = roles  # type: ignore[attr-defined]
        return view

    return mark


def sender_of(scope: HTTPScope) -> User | None:
    """Who is signed in by this request's session, or by a token that may write; None for everybody
    else."""
    try:
        request = ASGIRequest(scope, BytesIO())
    except UnicodeDecodeError:
        return None
    SessionMiddleware(lambda _: HttpResponse()).process_request(request)
    user = auth.get_user(request)
    if user.is_authenticated:
        return cast(User, user)
    try:
        # In a context of its own: the real request records its token itself.
        found = copy_context().run(TokenAuthentication().authenticate, cast(Request, request))
    except AuthenticationFailed:
        return None
    if found is None or not Scope(found[1].scope).covers(Scope.WRITE):
        return None
    return found[0]


def may_send_file(user: User, *, path: str, method: str) -> bool:
    """Whether the address takes files, and takes them from this person."""
    try:
        match = resolve(path)
    except Http404:
        return False
    view: Any = match.func
    project_id = match.kwargs.get("project_id")
    if hasattr(view, "cls"):
        view = getattr(view.cls, view.actions.get(method.lower(), ""), None)
    roles = getattr(view, "upload_roles", ())
    if not roles or method != "POST" or not isinstance(project_id, UUID):
        return False
    member = find_member(user, project_id)
    return member is not None and member.has(*roles)
