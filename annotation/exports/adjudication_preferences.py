"""Preferences from adjudication: two replies to one prompt whose settled totals differ."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from math import isclose
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from annotation.adjudication.access import ADJUDICATORS
from annotation.exports.columns import Chunk, Row, integer, messages, number, text
from annotation.exports.limits import CHUNK
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.scores import (
    SPEC_COLUMNS,
    PinnedSpec,
    PinnedSpecs,
    scores_of,
    split_of,
    target_row,
)
from annotation.exports.sft import SPELLING, spelling_in, written
from annotation.exports.texts import blind_to, queue_for
from annotation.formats.hashing import sha256_json
from annotation.generation.prompts import prompt_messages
from annotation.models import Adjudication, Rating, Target
from annotation.ratings.context import Context
from annotation.ratings.targets import contexts_of
from rubrics.core.spec import Outcome, total
from rubrics.judging.spans import SPAN_NAMES
from webapp.accounts.access import Member

COLUMNS = (
    messages("prompt", "The supporter’s instruction and the turns before"),
    messages("chosen", "The reply with the higher settled total"),
    messages("rejected", "The reply with the lower one"),
    number("chosen_total", "The rubric’s total of the chosen reply, at most 1"),
    number("rejected_total", "The rubric’s total of the rejected reply, at most 1"),
    text("chosen_by", "Who chose: adjudicator"),
    text("chosen_id", "The id of the chosen reply, as target_id in other files"),
    text("rejected_id", "The id of the rejected reply"),
    integer("chosen_dialogue", "The number of the chosen reply’s dialogue; empty for a text"),
    integer("rejected_dialogue", "The number of the rejected reply’s dialogue; empty for a text"),
    text("split", "train, validation or test; unassigned unless both replies are in the same one"),
    *SPEC_COLUMNS,
)


@dataclass(frozen=True)
class Settled:
    """A reply with the total of its settled levels, None where that is undefined."""

    target_id: UUID
    spec_id: UUID
    prompt: str
    total: float | None
    at: datetime


@dataclass(frozen=True)
class AdjudicationPairs:
    rows: QuerySet[Rating]
    spelling: str
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        """First every settled reply is read, for what pairs there are; then pair by pair its
        texts."""
        specs, settled = PinnedSpecs(), list[Settled]()
        rows = self.rows.select_related("target").prefetch_related(scores_of())
        for found in in_chunks(rows):
            specs.read(rating.spec_id for rating in found)
            settled += _settled(found, specs)
            yield Chunk(len(found), ())
        pairs = list(_pairs(settled))
        for start in range(0, len(pairs), CHUNK):
            yield Chunk(0, list(self._written(pairs[start : start + CHUNK], specs)))

    def _written(
        self, pairs: Sequence[tuple[Settled, Settled]], specs: PinnedSpecs
    ) -> Iterator[tuple[str, Row]]:
        ids = {each.target_id for pair in pairs for each in pair}
        targets = Target.objects.select_related("turn__dialogue", "dialogue").in_bulk(ids)
        contexts = contexts_of(list(targets.values()))
        for chosen, rejected in pairs:
            replies = [
                _reply(contexts[each.target_id], self.spelling) for each in (chosen, rejected)
            ]
            if None not in replies and replies[0] != replies[1]:
                row = {
                    "prompt": _prompt(contexts[chosen.target_id]),
                    "chosen": [{"role": "assistant", "content": replies[0]}],
                    "rejected": [{"role": "assistant", "content": replies[1]}],
                    **_pair_row(chosen, rejected, targets, specs[chosen.spec_id]),
                }
                yield row["split"], row


def _select(member: Member, filters: Filters) -> AdjudicationPairs:
    spelling = spelling_in(filters)
    rows = Rating.objects.filter(
        project=member.project,
        purpose=Rating.Purpose.ADJUDICATION,
        withdrawn_at=None,
        target__kind__in=[Target.Kind.TURN, Target.Kind.TEXT],
    ).exclude(blind_to(member))
    words = "in all queues"
    if "queue" in filters:
        queue = queue_for(member, filters)
        settled = Adjudication.objects.filter(item__queue=queue, rating__isnull=False)
        rows, words = rows.filter(pk__in=settled.values("rating")), f"in the queue {queue.name}"
    return AdjudicationPairs(rows, spelling, f"Pairs of replies that adjudicators settled {words}.")


def _settled(ratings: Sequence[Rating], specs: PinnedSpecs) -> Iterator[Settled]:
    """The replies to a turn of the seeker among these."""
    contexts = contexts_of([rating.target for rating in ratings])
    for rating in ratings:
        context = contexts[rating.target_id]
        history = context["history"]
        if history and history[-1]["role"] == "seeker":
            asked = {name: context[name] for name in ("profile", "situation", "history")}
            yield Settled(
                target_id=rating.target_id,
                spec_id=rating.spec_id,
                prompt=sha256_json(asked),
                total=_total(rating, specs[rating.spec_id]),
                at=rating.submitted_at,
            )


def _total(rating: Rating, pinned: PinnedSpec) -> float | None:
    outcomes = {
        score.criterion_uid: Outcome(score.status, score.value)  # type: ignore[arg-type]
        for score in rating.scores.all()
    }
    return total(pinned.spec, outcomes)


def _pairs(settled: Iterable[Settled]) -> Iterator[tuple[Settled, Settled]]:
    """(higher, lower) of every two replies to one prompt whose totals by one text of a rubric
    differ. The latest adjudication of a reply counts."""
    latest = {
        (each.spec_id, each.target_id): each for each in sorted(settled, key=lambda one: one.at)
    }
    groups: dict[tuple[UUID, str], list[tuple[float, Settled]]] = defaultdict(list)
    for each in latest.values():
        if each.total is not None:
            groups[each.spec_id, each.prompt].append((each.total, each))
    for group in groups.values():
        for (one_total, one), (other_total, other) in combinations(group, 2):
            # Totals that are equal but for rounding are equal.
            if not isclose(one_total, other_total, abs_tol=1e-9):
                yield (one, other) if one_total > other_total else (other, one)


def _prompt(context: Context) -> list[dict[str, str]]:
    made = prompt_messages(context["profile"], context["situation"], context["history"])
    return [{"role": each["role"], "content": each["content"]} for each in made]


def _reply(context: Context, spelling: str) -> str | None:
    candidate = context["candidate"]
    is_whole = all(candidate[name] for name in SPAN_NAMES)
    return written(candidate["response"], candidate if is_whole else None, spelling)


def _pair_row(
    chosen: Settled, rejected: Settled, targets: dict[UUID, Target], pinned: PinnedSpec
) -> dict[str, Any]:
    of_chosen, of_rejected = targets[chosen.target_id], targets[rejected.target_id]
    split = split_of(of_chosen)
    return {
        "chosen_total": chosen.total,
        "rejected_total": rejected.total,
        "chosen_by": "adjudicator",
        "chosen_id": str(chosen.target_id),
        "rejected_id": str(rejected.target_id),
        "chosen_dialogue": target_row(of_chosen)["dialogue"],
        "rejected_dialogue": target_row(of_rejected)["dialogue"],
        "split": split if split == split_of(of_rejected) else "unassigned",
        **pinned.row(),
    }


ADJUDICATION_PREFERENCES = Table(
    name="adjudication_preferences",
    title="Preferences from adjudication",
    row="Two settled replies to one prompt: the one with the higher total and the one with the "
    "lower",
    unit="settled reply",
    units="settled replies",
    roles=ADJUDICATORS,
    columns=COLUMNS,
    select=_select,
    filters=("queue",),
    choices=(SPELLING,),
    notes=(
        "Adjudicators settled the levels. The total is that of the rubric’s formula over them, "
        "and replies are only compared by the same text of a rubric.",
        "A reply has a total if every criterion that people rate was settled at a level or does "
        "not apply. Where an adjudicator kept all levels of a criterion, the reply has none and "
        "is in no pair. Replies with the same total are no pair, either.",
        "The columns `prompt`, `chosen` and `rejected` are TRL’s conversational preference format, "
        "as DPOTrainer reads it.",
        "Texts that the person who made this export still had to rate are left out.",
    ),
    empty="No two settled replies answer the same prompt with different totals and can be "
    "written this way. Try “The response only”.",
)
