"""Replies to imitate, as TRL's SFTTrainer reads them: a prompt and its completion, as messages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from annotation.exports.columns import Chunk, Row, integer, messages, text
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Choice, Filters, Table
from annotation.exports.texts import TEXT_FILTERS, selected_dialogues, selected_turns
from annotation.generation.prompts import prompt_messages
from annotation.models import Dialogue, Turn
from annotation.ratings.context import build_context
from annotation.roles import DATA_READERS
from rubrics.judging.spans import SPAN_NAMES, Spans, render_spans
from webapp.accounts.access import Member
from webapp.errors import Refused

RESPONSE = "response"
SPELLING = Choice(
    "spelling",
    "How replies are written",
    (
        ("tokens", "Four spans as tokens: <|understanding_begin|>"),
        ("tags", "Four spans as tags: <understanding>"),
        (RESPONSE, "The response only"),
    ),
    "Replies without all four spans are left out unless you choose the response only.",
)

COLUMNS = (
    messages("prompt", "The supporter’s instruction and the turns before, the seeker’s one last"),
    messages("completion", "The reply to imitate, one message of the assistant"),
    text("dialogue_id", "The dialogue’s id"),
    integer("dialogue", "Its number in the project"),
    integer("turn", "The reply’s position in it, counted from 0"),
    text("source", "The corpus it came from, or generation"),
    text("split", "train, validation or test"),
)


@dataclass(frozen=True)
class SftRows:
    rows: QuerySet[Dialogue]
    # None: every reply of these dialogues.
    chosen: QuerySet[Turn] | None
    spelling: str
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        turns = Prefetch("turns", queryset=Turn.objects.order_by("position"))
        for found in in_chunks(self.rows.select_related("profile").prefetch_related(turns)):
            chosen = self._chosen_in(found)
            rows = [(each.split, row) for each in found for row in self._rows(each, chosen)]
            yield Chunk(len(found), rows)

    def _chosen_in(self, dialogues: Sequence[Dialogue]) -> set[UUID] | None:
        if self.chosen is None:
            return None
        return set(self.chosen.filter(dialogue__in=dialogues).values_list("pk", flat=True))

    def _rows(self, dialogue: Dialogue, chosen: set[UUID] | None) -> Iterator[Row]:
        turns = list(dialogue.turns.all())
        for place, turn in enumerate(turns):
            if chosen is not None and turn.pk not in chosen:
                continue
            completion = _completion(turn, self.spelling)
            prompt = prompt_before(dialogue, turns[:place], turn) if completion else None
            if completion and prompt:
                yield {
                    "prompt": prompt,
                    "completion": [{"role": "assistant", "content": completion}],
                    "dialogue_id": str(dialogue.pk),
                    "dialogue": dialogue.number,
                    "turn": turn.position,
                    "source": dialogue.source,
                    "split": dialogue.split,
                }


def _select(member: Member, filters: Filters) -> SftRows:
    spelling = spelling_in(filters)
    rows, words = selected_dialogues(member, filters)
    about = f"Supporter’s replies in: {words[0].lower()}{words[1:]}."
    return SftRows(rows, selected_turns(member, filters), spelling, about)


def spelling_in(filters: Filters) -> str:
    """How the filters ask for replies. Raises Refused for what is not on the list."""
    spelling = filters.get(SPELLING.name, SPELLING.values[0][0])
    if spelling not in dict(SPELLING.values):
        raise Refused("Choose from the list how replies are written.", code="spelling")
    return spelling


def prompt_before(
    dialogue: Dialogue, before: Sequence[Turn], turn: Turn
) -> list[dict[str, str]] | None:
    """The prompt that training makes of the same turn; None where no seeker spoke before."""
    profile = dialogue.profile.text if dialogue.profile else ""
    context = build_context(profile, dialogue.situation, before, turn)
    history = context["history"]
    if not history or history[-1]["role"] != "seeker":
        return None
    made = prompt_messages(context["profile"], context["situation"], history)
    return [{"role": message["role"], "content": message["content"]} for message in made]


def _completion(turn: Turn, spelling: str) -> str | None:
    """None for what is no reply of a supporter, and for one that can't be written this way."""
    is_reply = turn.role == Turn.Role.SUPPORTER
    return written(turn.text, turn.spans, spelling) if is_reply else None


def written(response: str, spans: Mapping[str, str] | None, spelling: str) -> str | None:
    """A reply as a model should write it; None where it can't be written this way. `spans` has
    the four spans, or is None where one is missing."""
    if spelling == RESPONSE:
        return response or None
    if spans is None:
        return None
    try:
        return render_spans(
            Spans(*(spans[name] for name in SPAN_NAMES)),
            "tokens" if spelling == "tokens" else "tags",
        )
    except ValueError:
        return None


SFT = Table(
    name="sft",
    title="Replies for SFT",
    row="A reply of a supporter with its prompt",
    unit="dialogue",
    units="dialogues",
    roles=DATA_READERS,
    columns=COLUMNS,
    select=_select,
    filters=TEXT_FILTERS,
    choices=(SPELLING,),
    notes=(
        "The columns `prompt` and `completion` are TRL’s conversational prompt-completion format: "
        "SFTTrainer computes its loss on the completion only. Earlier replies in a prompt are "
        "responses without the other spans.",
        "Replies that answer no turn of the seeker are left out.",
    ),
    empty="None of the replies can be written this way. Choose “The response only”, or dialogues "
    "whose replies have all four spans.",
)
