"""The table of ratings: one row a score. Who is no lead or clinician exports their own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from annotation.exports.columns import Chunk, Row, integer, number, text
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Choice, Filters, Table
from annotation.exports.scores import (
    EVIDENCE,
    KNOWN,
    RATER_COLUMNS,
    RELATED,
    SCORE_COLUMNS,
    SPEC_COLUMNS,
    SUBMITTED,
    TEXT_COLUMNS,
    UNREAD,
    PinnedSpecs,
    rater_row,
    score_rows,
    scores_of,
    split_of,
    target_row,
)
from annotation.exports.texts import (
    TEXT_FILTERS,
    as_id,
    blind_to,
    in_dialogues,
    is_narrowed,
    queue_for,
    selected_dialogues,
)
from annotation.judge_runs.learned_from import known_items
from annotation.models import Assignment, Rater, Rating
from annotation.ratings.labels import pseudonyms_in
from annotation.roles import DATA_READERS
from rubrics.models import RubricVersion
from webapp.accounts.access import Member, found_or_404
from webapp.errors import Refused

COLUMNS = (
    text("rating_id", "The id of the rating; its scores share it"),
    SUBMITTED,
    text("purpose", "desk, gold, norming, adjudication, import, construction or judge"),
    integer("pass", "1, or more where somebody rated the same text again on purpose"),
    number("seconds", "Time on the whole rating without idle time; empty if nobody measured"),
    integer("queue", "The number of the queue that it was given in"),
    text("queue_name", "The queue’s name"),
    *RATER_COLUMNS,
    KNOWN,
    *TEXT_COLUMNS,
    *SPEC_COLUMNS,
    *SCORE_COLUMNS,
    EVIDENCE,
)

ALL = "all"
WHOSE = {
    ALL: ("Everybody", "All ratings"),
    Rater.Kind.PERSON: ("People", "Ratings of people"),
    Rater.Kind.JUDGE: ("Judges", "Ratings of judges"),
    Rater.Kind.EXTERNAL: ("Raters of the source", "Ratings of source raters"),
    Rater.Kind.AUTHOR: ("Authors of the texts", "Ratings of authors"),
    Rater.Kind.CONSTRUCTION: ("Synthetic levels", "Synthetic levels"),
}


@dataclass(frozen=True)
class RatingRows:
    member: Member
    rows: QuerySet[Rating]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        rows = self.rows.select_related(*RELATED).defer(*UNREAD).prefetch_related(scores_of())
        pseudonyms, specs = pseudonyms_in(self.member.project), PinnedSpecs()
        for found in in_chunks(rows):
            specs.read(row.spec_id for row in found)
            queues, known = _queues_of(found), _known_to_judges(found)
            yield Chunk(
                len(found),
                [
                    (split_of(rating.target), row)
                    for rating in found
                    for row in _rows(rating, specs, queues, pseudonyms, known)
                ],
            )


def _select(member: Member, filters: Filters) -> RatingRows:
    rows = Rating.objects.filter(project=member.project, withdrawn_at=None)
    if not member.has(*DATA_READERS):
        return _own(member, filters, rows)
    rows = rows.exclude(blind_to(member) & ~Q(rater__user=member.user))
    words = []
    whose = filters.get("raters", ALL)
    if whose not in WHOSE:
        raise Refused("Choose whose ratings you want from the list.", code="raters")
    if whose != ALL:
        rows = rows.filter(rater__kind=whose)
    if "queue" in filters:
        queue = queue_for(member, filters)
        rows = rows.filter(pk__in=_given_in(queue.pk))
        words.append(f"given in the queue {queue.name}")
    if "version" in filters:
        version = _version(member, filters["version"])
        rows = rows.filter(spec=version.spec_id)
        words.append(f"by {version.rubric.name}, version {version.number}")
    if is_narrowed(filters):
        dialogues, place = selected_dialogues(member, filters)
        rows = rows.filter(in_dialogues(dialogues))
        words.append(f"of {place[0].lower()}{place[1:]}")
    return RatingRows(member, rows, f"{' '.join([WHOSE[whose][1], *words])}.")


def _own(member: Member, filters: Filters, rows: QuerySet[Rating]) -> RatingRows:
    if set(filters) - {"raters"}:
        raise Refused("You can export your own ratings only, all of them.", code="own_ratings")
    return RatingRows(member, rows.filter(rater__user=member.user), "Your own ratings.")


def _version(member: Member, pk: str) -> RubricVersion:
    rows = RubricVersion.objects.filter(
        project=member.project, pk=as_id(pk), published_at__isnull=False
    )
    return found_or_404(rows.select_related("rubric").first())


def _given_in(queue_id: UUID) -> QuerySet[Assignment, UUID | None]:
    rows = Assignment.objects.filter(item__queue=queue_id, rating__isnull=False).order_by()
    return rows.values_list("rating_id", flat=True)


def _queues_of(ratings: list[Rating]) -> dict[UUID | None, tuple[int, str]]:
    """(number, name) of the queue that each rating was given in."""
    rows = Assignment.objects.filter(rating__in=[rating.pk for rating in ratings])
    places = rows.values_list("rating_id", "item__queue__number", "item__queue__name")
    return {rating: (number, name) for rating, number, name in places}


def _known_to_judges(ratings: Sequence[Rating]) -> dict[UUID, int]:
    """For the ratings of judges, by id: 1 where the judge knows the text from its fit, else 0."""
    judged = [(row, row.rater.judge) for row in ratings if row.rater.judge is not None]
    judges = {judge.pk: judge for _, judge in judged}
    known = known_items(list(judges.values()), {row.target_id for row, _ in judged})
    return {row.pk: int(row.target_id in known[judge.pk].targets) for row, judge in judged}


def _rows(
    rating: Rating,
    specs: PinnedSpecs,
    queues: dict[UUID | None, tuple[int, str]],
    pseudonyms: dict[UUID, str],
    known: Mapping[UUID, int],
) -> Iterator[Row]:
    pinned = specs[rating.spec_id]
    queue, queue_name = queues.get(rating.pk, (None, None))
    shared = {
        "rating_id": str(rating.pk),
        "submitted_at": rating.submitted_at,
        "purpose": rating.purpose,
        "pass": rating.pass_number,
        "seconds": rating.active_seconds,
        "queue": queue,
        "queue_name": queue_name,
        **rater_row(rating.rater, pseudonyms),
        "known": known.get(rating.pk),
        **target_row(rating.target),
        **pinned.row(),
    }
    for row in score_rows(rating, pinned):
        yield {**shared, **row}


RATINGS = Table(
    name="ratings",
    title="Ratings",
    row="A score of one criterion by one rater",
    unit="rating",
    units="ratings",
    roles=(),
    columns=COLUMNS,
    select=_select,
    filters=(*TEXT_FILTERS, "queue", "version"),
    choices=(
        Choice(
            "raters",
            "Whose ratings",
            [(kind, label) for kind, (label, _) in WHOSE.items()],
            roles=DATA_READERS,
        ),
    ),
    notes=(
        "Raters have pseudonyms: the same person is the same letter in all files of the project. "
        "Ratings that were taken back are left out, and so are those of texts that the person who "
        "made this export still had to rate. Compare a judge with people only where the column "
        "known is 0: elsewhere its fit learned from what it rated.",
    ),
)
