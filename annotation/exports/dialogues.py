"""The table of dialogues: one row a dialogue, with its turns."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from annotation.exports.columns import Chunk, Row, integer, records, text, time
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.texts import TEXT_FILTERS, hidden_dialogues, selected_dialogues
from annotation.models import Dialogue, Turn
from annotation.roles import DATA_READERS
from webapp.accounts.access import Member

COLUMNS = (
    text("dialogue_id", "The dialogue’s id"),
    integer("dialogue", "Its number in the project"),
    text("source", "The corpus it came from, or generation"),
    text("source_key", "Its name in that corpus"),
    text("split", "train, validation or test; all dialogues of a profile are in one split"),
    integer("profile", "The number of the seeker’s profile"),
    text("profile_text", "The profile"),
    text("mbti", "The personality type in the profile"),
    text("situation", "What the seeker brings to the conversation"),
    text("emotion", "The emotion it was written for; empty if the exporter still had to rate it"),
    text("emotion_label", "The same if it is one of the 32 labels"),
    records(
        "turns",
        "The turns in order",
        integer("position", "Counted from 0"),
        text("role", "system, seeker or supporter"),
        text("text", "What is said; of a supporter with four spans, the response"),
        text("understanding", "The supporter’s understanding span"),
        text("reasoning", "The supporter’s reasoning span"),
        text("emotion", "The supporter’s emotion span"),
        text("raw", "The turn as it came"),
    ),
    time("created_at", "When it came into the project"),
)


@dataclass(frozen=True)
class DialogueRows:
    member: Member
    rows: QuerySet[Dialogue]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        turns = Prefetch("turns", queryset=Turn.objects.order_by("position"))
        rows = self.rows.select_related("profile").prefetch_related(turns)
        for found in in_chunks(rows):
            hidden = hidden_dialogues(self.member, [row.pk for row in found])
            yield Chunk(len(found), [(row.split, _row(row, hidden)) for row in found])


def _select(member: Member, filters: Filters) -> DialogueRows:
    rows, words = selected_dialogues(member, filters)
    return DialogueRows(member, rows, f"{words}.")


def _row(row: Dialogue, hidden: set[UUID]) -> Row:
    is_hidden = row.pk in hidden
    return {
        "dialogue_id": str(row.pk),
        "dialogue": row.number,
        "source": row.source,
        "source_key": row.source_key,
        "split": row.split,
        "profile": row.profile.number if row.profile else None,
        "profile_text": row.profile.text if row.profile else None,
        "mbti": row.profile.mbti if row.profile else None,
        "situation": row.situation,
        "emotion": None if is_hidden else row.emotion,
        "emotion_label": None if is_hidden else row.emotion_label,
        # An instruction to a model often names the emotion.
        "turns": [
            _turn(turn)
            for turn in row.turns.all()
            if not (is_hidden and turn.role == Turn.Role.SYSTEM)
        ],
        "created_at": row.created_at,
    }


def _turn(turn: Turn) -> Row:
    return {
        "position": turn.position,
        "role": turn.role,
        "text": turn.text,
        "understanding": turn.understanding,
        "reasoning": turn.reasoning,
        "emotion": turn.emotion,
        "raw": turn.raw,
    }


DIALOGUES = Table(
    name="dialogues",
    title="Dialogues",
    row="A dialogue with its turns",
    unit="dialogue",
    units="dialogues",
    roles=DATA_READERS,
    columns=COLUMNS,
    select=_select,
    filters=TEXT_FILTERS,
)
