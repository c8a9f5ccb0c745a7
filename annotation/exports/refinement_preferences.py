"""Preferences from refinement: the attempt that the critic accepted, and one that it failed."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from annotation.exports.attempts import (
    CRITIC_COLUMNS,
    PinnedCritic,
    PinnedCritics,
    visible_attempts,
)
from annotation.exports.columns import Chunk, Row, integer, messages, number, text
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.sft import prompt_before
from annotation.models import Attempt, Dialogue, Turn
from annotation.roles import DATA_READERS
from webapp.accounts.access import Member

COLUMNS = (
    messages("prompt", "The supporter’s instruction and the turns before"),
    messages("chosen", "The attempt that the critic accepted"),
    messages("rejected", "The first attempt at the same turn that it failed"),
    number("chosen_total", "The rubric’s total of the chosen reply, at most 1"),
    number("rejected_total", "The rubric’s total of the rejected reply; may be empty"),
    text("chosen_by", "Who chose: critic"),
    integer("chosen_attempt", "Which attempt was chosen, counted from 1"),
    integer("rejected_attempt", "Which attempt was rejected, counted from 1"),
    integer("generation_run", "The number of the generation run"),
    text("dialogue_id", "The dialogue’s id"),
    integer("dialogue", "Its number in the project"),
    integer("turn", "The reply’s position in it, counted from 0"),
    text("split", "train, validation or test"),
    *CRITIC_COLUMNS,
)


@dataclass(frozen=True)
class RefinementRows:
    rows: QuerySet[Dialogue]
    attempts: QuerySet[Attempt]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        critics = PinnedCritics()
        rows = self.rows.select_related("profile", "generation_item__run").prefetch_related(
            Prefetch("turns", queryset=Turn.objects.order_by("position")),
            Prefetch("attempts", queryset=self.attempts.order_by("position", "number")),
        )
        for found in in_chunks(rows):
            critics.read(dialogue.generation_item.run_id for dialogue in found)
            yield Chunk(
                len(found),
                [
                    (dialogue.split, row)
                    for dialogue in found
                    for row in _rows(dialogue, critics[dialogue.generation_item.run_id])
                ],
            )


def _select(member: Member, filters: Filters) -> RefinementRows:
    attempts, words = visible_attempts(member, filters)
    failed = attempts.filter(verdict=Attempt.Verdict.FAIL).order_by()
    dialogues = Dialogue.objects.filter(
        project=member.project, sealed_at__isnull=False, pk__in=failed.values("dialogue")
    )
    return RefinementRows(
        dialogues, attempts, f"Pairs of an accepted and a failed attempt {words}."
    )


def _rows(dialogue: Dialogue, pinned: PinnedCritic) -> Iterator[Row]:
    turns = list(dialogue.turns.all())
    for place, turn in enumerate(turns):
        pair = _pair(dialogue, turn)
        prompt = prompt_before(dialogue, turns[:place], turn) if pair else None
        if pair is None or prompt is None:
            continue
        chosen, rejected = pair
        yield {
            "prompt": prompt,
            "chosen": [{"role": "assistant", "content": chosen.raw}],
            "rejected": [{"role": "assistant", "content": rejected.raw}],
            "chosen_total": chosen.total,
            "rejected_total": rejected.total,
            "chosen_by": "critic",
            "chosen_attempt": chosen.number,
            "rejected_attempt": rejected.number,
            "generation_run": dialogue.generation_item.run.number,
            "dialogue_id": str(dialogue.pk),
            "dialogue": dialogue.number,
            "turn": turn.position,
            "split": dialogue.split,
            **pinned.row(),
        }


def _pair(dialogue: Dialogue, turn: Turn) -> tuple[Attempt, Attempt] | None:
    """The accepted attempt at a turn and the first that failed; None where there are not both."""
    tried = [each for each in dialogue.attempts.all() if each.position == turn.position]
    accepted = next((each for each in tried if each.verdict in Attempt.ACCEPTED), None)
    # The same words, judged twice, are no two replies to choose from.
    failed = next(
        (
            each
            for each in tried
            if each.verdict == Attempt.Verdict.FAIL and not (accepted and each.raw == accepted.raw)
        ),
        None,
    )
    return (accepted, failed) if accepted and failed else None


REFINEMENT_PREFERENCES = Table(
    name="refinement_preferences",
    title="Preferences from refinement",
    row="Two attempts at one turn: the one that the critic accepted, and the first that it failed",
    unit="dialogue with a failed attempt",
    units="dialogues with a failed attempt",
    roles=DATA_READERS,
    columns=COLUMNS,
    select=_select,
    filters=("generation_run", "dialogue"),
    notes=(
        "A critic chose, not a person. Of several attempts that failed, the first is the rejected "
        "one. It may have the higher total: what failed fell short of one PASS level, or its four "
        "spans were not in order. Turns whose first attempt was accepted give no pair, and "
        "neither do dropped dialogues.",
        "The columns `prompt`, `chosen` and `rejected` are TRL’s conversational preference format, "
        "as DPOTrainer reads it. Both replies are as the model wrote them.",
        "Dialogues in which the person who made this export still had to rate are left out.",
    ),
    empty="No turn of these dialogues has both an accepted attempt and a failed one.",
)
