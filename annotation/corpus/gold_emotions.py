"""The emotion that a dialogue was written for, which nobody is told who still rates in it
(annotation.ratings.blindness)."""

from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When

from annotation.corpus.set_query import SetQuery, dialogues_in, turns_in
from annotation.models import Dialogue, Target, Turn
from annotation.ratings.blindness import hidden_dialogues
from webapp.accounts.access import Member

# The keys of a set's query that tell it: the emotion itself, and how hard a prompt is.
TELLING = ("emotion", "difficulty")


def with_hidden_emotions(
    rows: QuerySet[Any], member: Member, dialogue: str = "pk"
) -> QuerySet[Any]:
    """Rows with `hides_emotion`, where `dialogue` names the dialogue that a row is about."""
    hidden = hidden_dialogues(member.user, member.project).values("pk")
    is_hidden = When(Q(**{f"{dialogue}__in": hidden}), then=Value(True))
    return rows.annotate(
        hides_emotion=Case(is_hidden, default=Value(False), output_field=BooleanField())
    )


def hides_emotion(dialogue: Dialogue, member: Member) -> bool:
    return hidden_dialogues(member.user, member.project).filter(pk=dialogue.pk).exists()


def shown_dialogues(member: Member, query: SetQuery) -> QuerySet[Dialogue]:
    """The dialogues that a query names, as far as this member may know."""
    rows = dialogues_in(project=member.project, query=query)
    return without_told(member, rows) if is_telling(query) else rows


def shown_turns(member: Member, query: SetQuery) -> QuerySet[Turn]:
    """The supporter turns that a query names, as far as this member may know."""
    turns = turns_in(project=member.project, query=query)
    return without_told(member, turns, "dialogue") if is_telling(query) else turns


def without_told(member: Member, rows: QuerySet[Any], dialogue: str = "pk") -> QuerySet[Any]:
    """Who narrows rows by an emotion is told it of all that are left: those of dialogues in which
    the member still rates go. `dialogue` names the dialogue that a row is about."""
    hidden = hidden_dialogues(member.user, member.project).values("pk")
    return rows.exclude(**{f"{dialogue}__in": hidden})


def is_telling(query: SetQuery) -> bool:
    return any(getattr(query, name) for name in TELLING)


def told_targets(member: Member) -> QuerySet[Target, UUID]:
    """Targets that are left out where a set names an emotion: those in such dialogues."""
    dialogues = hidden_dialogues(member.user, member.project).values("pk")
    targets = Target.objects.filter(
        Q(turn__dialogue__in=dialogues) | Q(dialogue__in=dialogues), project=member.project
    )
    return targets.values_list("pk", flat=True)
