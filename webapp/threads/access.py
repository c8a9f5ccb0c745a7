"""Fetch threads with permission: the kind of object decides, as it is now."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import Http404

from webapp.accounts.access import Member, require
from webapp.threads import registry
from webapp.threads.models import Comment, Thread


def threads_on(member: Member, kind_name: str, object_id: UUID) -> QuerySet[Thread]:
    """The threads on an object with their comments, oldest first. Raises Http404 where the
    member may not see it and PermissionDenied where their role takes no part."""
    kind = registry.find(kind_name)
    require(member, kind.roles)
    kind.require_seen(member, object_id)
    comments = Comment.objects.select_related("author")
    return (
        Thread.objects.filter(project=member.project, object_kind=kind.name, object_id=object_id)
        .select_related("opened_by", "resolved_by")
        .prefetch_related(Prefetch("comments", queryset=comments))
        .order_by("pk")
    )


def thread_for(member: Member, thread_id: UUID) -> Thread:
    thread = Thread.objects.filter(project=member.project, pk=thread_id).first()
    if thread is None:
        raise Http404
    return threads_on(member, thread.object_kind, thread.object_id).get(pk=thread_id)


def comment_for(member: Member, comment_id: UUID) -> Comment:
    """A comment of one's own, to change or remove. Raises Http404 for anybody else's."""
    comment = (
        Comment.objects.filter(project=member.project, pk=comment_id)
        .select_related("thread__project", "project")
        .first()
    )
    if comment is None:
        raise Http404
    thread_for(member, comment.thread_id)
    if comment.author_id != member.user.pk:
        raise Http404
    return comment
