"""Open a thread, say something in it, settle it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from webapp.accounts.access import Member, require_open
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.runs import live
from webapp.threads import registry
from webapp.threads.models import Comment, Thread

MAX_TEXT = 4000


def topic_of(kind: str, object_id: UUID) -> str:
    return f"{kind}-threads.{object_id.hex}"


def thread_open(*, member: Member, kind: str, object_id: UUID, anchor: str, text: str) -> Thread:
    """A new thread with its first comment. The caller has looked whether the member may see the
    object. Raises Refused for a place that it has not."""
    require_open(member.project)
    if registry.find(kind).place(member, object_id, anchor) is None:
        raise Refused("This place does not exist, so you can’t comment on it.", code="anchor")
    words = _read(text)
    with transaction.atomic():
        thread = Thread.objects.create(
            project=member.project,
            object_kind=kind,
            object_id=object_id,
            anchor=anchor,
            opened_by=member.user,
        )
        _say(thread, member.user, words)
        audit.record("thread.opened", actor=member.user, object=thread)
    return thread


def comment_add(*, thread: Thread, actor: User, text: str) -> Comment:
    """Say something in a thread. In a resolved one it opens the matter again."""
    words = _read(text)
    with transaction.atomic():
        locked = _lock(thread)
        if not locked.is_open:
            _set_resolved(locked, None)
        comment = _say(locked, actor, words)
        audit.record("comment.added", actor=actor, object=comment)
    return comment


def comment_edit(*, comment: Comment, text: str) -> Comment:
    """Change the words of one's own comment (the caller has looked)."""
    words = _read(text)
    with transaction.atomic():
        locked = _lock_comment(comment)
        if locked.text != words:
            locked.text, locked.edited_at = words, timezone.now()
            locked.save(update_fields=["text", "edited_at"])
            audit.record("comment.edited", actor=locked.author, object=locked)
            _publish(locked.thread)
    return locked


def comment_remove(*, comment: Comment) -> Comment:
    """Take the words of one's own comment away; that there was one stays to be seen."""
    with transaction.atomic():
        locked = _lock_comment(comment)
        locked.text, locked.removed_at = "", timezone.now()
        locked.save(update_fields=["text", "removed_at"])
        audit.record("comment.removed", actor=locked.author, object=locked)
        _publish(locked.thread)
    return locked


def thread_resolve(*, thread: Thread, actor: User) -> Thread:
    """Settle the matter. Twice is once."""
    with transaction.atomic():
        locked = _lock(thread)
        if locked.is_open:
            _set_resolved(locked, actor)
            audit.record("thread.resolved", actor=actor, object=locked)
            _publish(locked)
    return locked


def thread_reopen(*, thread: Thread, actor: User) -> Thread:
    with transaction.atomic():
        locked = _lock(thread)
        if not locked.is_open:
            _set_resolved(locked, None)
            audit.record("thread.reopened", actor=actor, object=locked)
            _publish(locked)
    return locked


def _say(thread: Thread, actor: User, words: str) -> Comment:
    _publish(thread)
    return Comment.objects.create(
        project_id=thread.project_id, thread=thread, author=actor, text=words
    )


def _read(text: str) -> str:
    words = text.strip()
    if not words or len(words) > MAX_TEXT or "\0" in words:
        raise Refused(f"A comment must have 1 to {MAX_TEXT:,} characters.", code="text")
    return words


def _set_resolved(thread: Thread, actor: User | None) -> None:
    thread.resolved_by, thread.resolved_at = actor, timezone.now() if actor else None
    thread.save(update_fields=["resolved_by", "resolved_at"])


def _lock(thread: Thread) -> Thread:
    locked = (
        Thread.objects.select_for_update(of=("self",)).select_related("project").get(pk=thread.pk)
    )
    require_open(locked.project)
    return locked


def _lock_comment(comment: Comment) -> Comment:
    locked = (
        Comment.objects.select_for_update(of=("self",))
        .select_related("project", "thread", "author")
        .get(pk=comment.pk)
    )
    require_open(locked.project)
    if locked.removed_at is not None:
        raise Refused("This comment has already been removed.", code="removed")
    return locked


def _publish(thread: Thread) -> None:
    live.publish(topic_of(thread.object_kind, thread.object_id))
