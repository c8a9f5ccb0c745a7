"""The table of adjudications: what raters gave, which level was settled, and why they differed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q, QuerySet

from annotation.adjudication.access import ADJUDICATORS
from annotation.adjudication.drafts import Given, answer_of, levels_apart_needed
from annotation.adjudication.given import letters_of
from annotation.exports.columns import Chunk, Row, integer, number, records, text, time
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.scores import (
    SPEC_COLUMNS,
    TEXT_COLUMNS,
    UNREAD,
    PinnedSpec,
    PinnedSpecs,
    level_label,
    split_of,
    target_row,
)
from annotation.exports.texts import blind_to, queue_for
from annotation.models import Adjudication, Assignment, Decision, Item, Score
from annotation.ratings.labels import pseudonyms_in
from rubrics.core.spec import CriterionSpec
from webapp.accounts.access import Member

COLUMNS = (
    integer("queue", "The number of the queue"),
    text("queue_name", "Its name"),
    integer("item", "The item’s place in the queue, counted from 0"),
    *TEXT_COLUMNS,
    *SPEC_COLUMNS,
    text("criterion_uid", "The criterion’s id, the same in all versions of a rubric"),
    text("criterion", "Its name in this text of the rubric"),
    text("meaning_id", "Equal where the criterion means the same"),
    records(
        "given",
        "What the item’s raters gave",
        text("rater", "A, B, C: the letters of the item’s page, in another order for each item"),
        text("status", "scored or not_applicable"),
        number("value", "The level"),
        text("level", "The level’s label"),
        text("rationale", "Why the rater chose it"),
    ),
    integer("apart", "How many levels are between the lowest and the highest"),
    integer(
        "disputed",
        "1 if the queue asks for a cause: they were far enough apart, or only some of them said "
        "that it does not apply; else 0",
    ),
    text("status", "scored; not_applicable; or not_scored, where all levels stand"),
    number("settled", "The level that was settled"),
    text("settled_level", "Its label"),
    text(
        "cause",
        "Why raters differed: ambiguous_rubric, guidance_gap, rater_error, hard_case or "
        "legitimate_difference",
    ),
    text("why", "The adjudicator’s reason, in words"),
    text("adjudicator", "A pseudonym, the same as in the other files of the project"),
    time("settled_at", "When it was settled"),
)


@dataclass(frozen=True)
class AdjudicationRows:
    member: Member
    rows: QuerySet[Decision]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        pseudonyms, specs = pseudonyms_in(self.member.project), PinnedSpecs()
        to_target = "score__rating__target"
        rows = self.rows.select_related(
            f"{to_target}__turn__dialogue", f"{to_target}__dialogue", "adjudication__item__queue"
        ).defer("adjudication__draft", *(f"score__rating__{name}" for name in UNREAD))
        for found in in_chunks(rows):
            specs.read(row.score.rating.spec_id for row in found)
            given = _given({row.adjudication.item_id: row.adjudication.item for row in found})
            yield Chunk(
                len(found),
                [
                    (
                        split_of(row.score.rating.target),
                        _row(row, specs[row.score.rating.spec_id], given, pseudonyms),
                    )
                    for row in found
                ],
            )


def _select(member: Member, filters: Filters) -> AdjudicationRows:
    rows = Decision.objects.filter(
        project=member.project,
        adjudication__state=Adjudication.State.SUBMITTED,
        # An adjudication that was taken back and submitted again has decisions of both times.
        adjudication__rating=F("score__rating"),
    ).exclude(blind_to(member, "score__rating__target"))
    words = "in all queues"
    if "queue" in filters:
        queue = queue_for(member, filters)
        rows, words = rows.filter(adjudication__item__queue=queue), f"in the queue {queue.name}"
    return AdjudicationRows(member, rows, f"What adjudicators settled {words}.")


# (letter, score) by item and criterion.
_Given = Mapping[tuple[UUID, str], Sequence[tuple[str, Score]]]


def _given(items: Mapping[UUID, Item]) -> _Given:
    """What raters gave for these items in their queues, in the order of the letters."""
    submitted = Q(item__in=items, state=Assignment.State.SUBMITTED, rating__isnull=False)
    places = dict(Assignment.objects.filter(submitted).values_list("rating_id", "item_id"))
    scores = Score.objects.filter(rating__in=places).select_related("rating").order_by("pk")
    by_item: dict[UUID, list[Score]] = defaultdict(list)
    for score in scores:
        by_item[places[score.rating_id]].append(score)
    found: dict[tuple[UUID, str], list[tuple[str, Score]]] = defaultdict(list)
    for item_id, rows in by_item.items():
        letters = letters_of(items[item_id], list({row.rating.rater_id for row in rows}))
        for score in sorted(rows, key=lambda row: letters[row.rating.rater_id]):
            found[item_id, score.criterion_uid].append((letters[score.rating.rater_id], score))
    return found


def _row(row: Decision, pinned: PinnedSpec, given: _Given, pseudonyms: Mapping[UUID, str]) -> Row:
    score, item = row.score, row.adjudication.item
    criterion = pinned.criteria[score.criterion_uid]
    raters = given.get((item.pk, score.criterion_uid), ())
    answers = _answers(criterion, [one for _, one in raters], item)
    return {
        "queue": item.queue.number,
        "queue_name": item.queue.name,
        "item": item.position,
        **target_row(score.rating.target),
        **pinned.row(),
        "criterion_uid": criterion.uid,
        "criterion": criterion.name,
        "meaning_id": score.meaning_id,
        "given": [_given_row(criterion, letter, one) for letter, one in raters],
        "apart": answers.apart,
        "disputed": int(answers.is_disputed),
        "status": score.status,
        "settled": score.value,
        "settled_level": level_label(criterion, score.value),
        "cause": row.cause or None,
        "why": score.rationale,
        "adjudicator": pseudonyms[score.rating.rater_id],
        "settled_at": score.rating.submitted_at,
    }


def _answers(criterion: CriterionSpec, scores: Sequence[Score], item: Item) -> Given:
    found = [answer_of(score.status, score.value) for score in scores]
    needed = levels_apart_needed(criterion, item.queue.adjudicate_from)
    return Given(criterion, [answer for answer in found if answer is not None], needed)


def _given_row(criterion: CriterionSpec, letter: str, score: Score) -> Row:
    return {
        "rater": letter,
        "status": score.status,
        "value": score.value,
        "level": level_label(criterion, score.value),
        "rationale": score.rationale,
    }


ADJUDICATIONS = Table(
    name="adjudications",
    title="Adjudications",
    row="A criterion of an item that an adjudicator settled",
    unit="settled criterion",
    units="settled criteria",
    roles=ADJUDICATORS,
    columns=COLUMNS,
    select=_select,
    filters=("queue",),
    notes=(
        "An adjudicator settles all criteria of an item at once. Where the raters agreed, the "
        "cause is empty. Adjudications of earlier versions also have none where only some raters "
        "said that a criterion does not apply.",
        "Adjudications that were taken back are left out, and so are texts that the person who "
        "made this export still had to rate.",
    ),
)
