"""Replies that a rubric can show as exemplars: real supporter turns, with what was said before."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from annotation.models import Rater, Score, Turn
from annotation.ratings.blindness import hidden_targets
from webapp.accounts.access import Member

SHOWN = 20
MAX_WORDS = 6


@dataclass(frozen=True)
class Reply:
    turn_id: UUID
    dialogue_id: UUID
    dialogue: int
    text: str
    before: str


@dataclass(frozen=True)
class Rated:
    """A level of a criterion, to look for replies that people gave it."""

    criterion_uid: str
    level: int


def replies_with(member: Member, words: str, rated: Rated | None = None) -> list[Reply]:
    """The newest replies that hold every word of `words`, at most SHOWN.

    With `rated`, only those that a person gave that level, and never one that this member is
    still to rate (DECISIONS 10).
    """
    said = Turn.objects.filter(
        dialogue=OuterRef("dialogue"), position__lt=OuterRef("position"), role=Turn.Role.SEEKER
    ).order_by("-position")
    found = Turn.objects.filter(
        project=member.project, role=Turn.Role.SUPPORTER, dialogue__sealed_at__isnull=False
    )
    for word in words.split()[:MAX_WORDS]:
        found = found.filter(text__icontains=word)
    if rated is not None:
        found = found.filter(Exists(_scores(member, rated)))
    # Ids rise with time, so the newest are found without sorting the corpus.
    rows = found.annotate(before=Subquery(said.values("text")[:1])).select_related("dialogue")
    return [
        Reply(turn.pk, turn.dialogue_id, turn.dialogue.number, turn.text, turn.before or "")
        for turn in rows.order_by("-pk")[:SHOWN]
    ]


def _scores(member: Member, rated: Rated) -> QuerySet[Score]:
    return Score.objects.filter(
        rating__target__turn=OuterRef("pk"),
        rating__withdrawn_at=None,
        rating__rater__kind=Rater.Kind.PERSON,
        criterion_uid=rated.criterion_uid,
        value=rated.level,
    ).exclude(rating__target__in=hidden_targets(member.user, member.project))
