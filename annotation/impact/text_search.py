"""Texts of the project that somebody may try a draft on."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from annotation.models import Dialogue, Turn
from annotation.ratings.blindness import hidden_targets
from webapp.accounts.access import Member
from webapp.text import whole_number

SHOWN = 12
MAX_QUERY = 200


@dataclass(frozen=True)
class TextChoice:
    """A turn or a dialogue as the picker lists it."""

    pk: UUID
    title: str
    text: str
    before: str


def texts_for(member: Member, target: str, query: str) -> list[TextChoice]:
    """The newest texts that contain the words of `query`, or those of the dialogue that it
    numbers. What the member still rates blind is left out."""
    words = query.strip()[:MAX_QUERY].replace("\0", "")
    return _dialogues(member, words) if target == "dialogue" else _turns(member, words)


def _turns(member: Member, words: str) -> list[TextChoice]:
    blind = hidden_targets(member.user, member.project)
    rows = (
        Turn.objects.filter(
            project=member.project, role=Turn.Role.SUPPORTER, dialogue__sealed_at__isnull=False
        )
        .exclude(targets__in=blind)
        .filter(_in_dialogue(words, "dialogue__number", "text"))
        .select_related("dialogue")
        .order_by("-dialogue__number", "position")[:SHOWN]
    )
    turns = list(rows)
    said = _said_before(turns)
    return [
        TextChoice(
            turn.pk,
            f"Dialogue {turn.dialogue.number:,}, turn {turn.position + 1}",
            turn.text,
            said.get((turn.dialogue_id, turn.position), ""),
        )
        for turn in turns
    ]


def _dialogues(member: Member, words: str) -> list[TextChoice]:
    blind = hidden_targets(member.user, member.project)
    rows = (
        Dialogue.objects.filter(project=member.project, sealed_at__isnull=False)
        .exclude(targets__in=blind)
        .filter(_in_dialogue(words, "number", "situation"))
        .order_by("-number")[:SHOWN]
    )
    return [TextChoice(row.pk, str(row), row.situation, "") for row in rows]


def _in_dialogue(words: str, number: str, text: str) -> Q:
    if (found := whole_number(words.replace(",", ""))) is not None:
        return Q(**{number: found})
    return Q(**{f"{text}__icontains": words}) if words else Q()


def _said_before(turns: Sequence[Turn]) -> dict[tuple[UUID, int], str]:
    """What stands right before each of these turns."""
    wanted = Q(pk=None)
    for turn in turns:
        wanted |= Q(dialogue=turn.dialogue_id, position=turn.position - 1)
    rows = Turn.objects.filter(wanted).exclude(role=Turn.Role.SYSTEM)
    return {
        (dialogue, position + 1): text
        for dialogue, position, text in rows.values_list("dialogue_id", "position", "text")
    }
