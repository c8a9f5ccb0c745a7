"""The panel of threads at one place of an object. Every action answers with the panel anew."""

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.threads import access, queries, services
from webapp.threads.models import Thread


@require_GET
@project_page()
def threads_panel(
    request: HttpRequest, member: Member, object_kind: str, object_id: UUID
) -> HttpResponse:
    """The threads of one place, `?anchor=…`; with `?all=1` the places where any are open."""
    if "all" in request.GET:
        context = {"places": queries.open_places(member, object_kind, object_id)}
        return render(request, "threads/_open.html", context)
    return _panel(request, member, object_kind, object_id, request.GET.get("anchor", ""))


@require_POST
@project_page()
def thread_open(
    request: HttpRequest, member: Member, object_kind: str, object_id: UUID
) -> HttpResponse:
    access.threads_on(member, object_kind, object_id)
    anchor = request.POST.get("anchor", "")
    return _act(
        request,
        member,
        (object_kind, object_id, anchor),
        lambda text: services.thread_open(
            member=member, kind=object_kind, object_id=object_id, anchor=anchor, text=text
        ),
    )


@require_POST
@project_page()
def comment_add(request: HttpRequest, member: Member, thread_id: UUID) -> HttpResponse:
    thread = access.thread_for(member, thread_id)
    return _act(
        request,
        member,
        _place_of(thread),
        lambda text: services.comment_add(thread=thread, actor=member.user, text=text),
    )


@require_POST
@project_page()
def comment_edit(request: HttpRequest, member: Member, comment_id: UUID) -> HttpResponse:
    comment = access.comment_for(member, comment_id)
    return _act(
        request,
        member,
        _place_of(comment.thread),
        lambda text: services.comment_edit(comment=comment, text=text),
    )


@require_POST
@project_page()
def comment_remove(request: HttpRequest, member: Member, comment_id: UUID) -> HttpResponse:
    comment = access.comment_for(member, comment_id)
    return _act(
        request,
        member,
        _place_of(comment.thread),
        lambda text: services.comment_remove(comment=comment),
    )


@require_POST
@project_page()
def thread_resolve(request: HttpRequest, member: Member, thread_id: UUID) -> HttpResponse:
    thread = access.thread_for(member, thread_id)
    return _act(
        request,
        member,
        _place_of(thread),
        lambda text: services.thread_resolve(thread=thread, actor=member.user),
    )


@require_POST
@project_page()
def thread_reopen(request: HttpRequest, member: Member, thread_id: UUID) -> HttpResponse:
    thread = access.thread_for(member, thread_id)
    return _act(
        request,
        member,
        _place_of(thread),
        lambda text: services.thread_reopen(thread=thread, actor=member.user),
    )


def _place_of(thread: Thread) -> tuple[str, UUID, str]:
    return thread.object_kind, thread.object_id, thread.anchor


def _act(
    request: HttpRequest,
    member: Member,
    where: tuple[str, UUID, str],
    action: Callable[[str], object],
) -> HttpResponse:
    try:
        action(request.POST.get("text", ""))
    except Refused as refusal:
        return _panel(request, member, *where, problem=str(refusal))
    return _panel(request, member, *where)


def _panel(
    request: HttpRequest,
    member: Member,
    kind: str,
    object_id: UUID,
    anchor: str,
    problem: str = "",
) -> HttpResponse:
    found = queries.panel(member, kind, object_id, anchor)
    if found is None:
        if problem:
            return HttpResponse(problem, status=409, content_type="text/plain; charset=utf-8")
        raise Http404
    context = {
        "member": member,
        "panel": found,
        "problem": problem,
        # What was typed and refused is kept.
        "typed": request.POST.get("text", "") if problem else "",
        "limit": services.MAX_TEXT,
    }
    return render(request, "threads/_panel.html", context)
