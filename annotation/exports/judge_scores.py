"""The table of judge scores: what the judge of one judge run gave, one row a score."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from annotation.exports.columns import Chunk, Row, integer, number, text
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.scores import (
    KNOWN,
    SCORE_COLUMNS,
    SPEC_COLUMNS,
    TEXT_COLUMNS,
    UNREAD,
    PinnedSpec,
    PinnedSpecs,
    score_rows,
    scores_of,
    split_of,
    target_row,
)
from annotation.exports.texts import as_id, blind_to
from annotation.judge_runs.access import judge_run_for
from annotation.judge_runs.learned_from import known_items
from annotation.models import JudgeItem, JudgeRun
from annotation.roles import JUDGING_READERS
from rubrics.core.spec import Outcome, total
from webapp.accounts.access import Member
from webapp.errors import Refused

COLUMNS = (
    integer("judge_run", "The number of the judge run"),
    text("judge", "The judge’s name and version"),
    text("judge_hash", "SHA-256 of all that makes the judge"),
    integer("snapshot", "The number of the snapshot that was judged"),
    integer("position", "The text’s place in the run, counted from 0"),
    text("state", "done, reused (scored by the same judge before) or failed"),
    text("error", "Why the text has no scores; the criterion is empty then"),
    number("total", "The rubric’s total for the text, at most 1; empty if it is undefined"),
    KNOWN,
    *TEXT_COLUMNS,
    *SPEC_COLUMNS,
    *SCORE_COLUMNS,
)
_NO_SCORE: Row = {column.name: None for column in SCORE_COLUMNS}


@dataclass(frozen=True)
class JudgeScoreRows:
    run: JudgeRun
    rows: QuerySet[JudgeItem]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        specs = PinnedSpecs()
        specs.read([self.run.spec_id])
        pinned = specs[self.run.spec_id]
        rows = (
            self.rows.select_related("target__turn__dialogue", "target__dialogue", "rating")
            .defer(*UNREAD)
            .prefetch_related(scores_of("rating__"))
        )
        for found in in_chunks(rows):
            judge = self.run.judge
            known = known_items([judge], [item.target_id for item in found])[judge.pk].targets
            yield Chunk(
                len(found),
                [
                    (split_of(item.target), row)
                    for item in found
                    for row in _rows(self.run, item, pinned, is_known=item.target_id in known)
                ],
            )


def _select(member: Member, filters: Filters) -> JudgeScoreRows:
    if "judge_run" not in filters:
        raise Refused("Choose a judge run. Its page has a button to export.", code="judge_run")
    run = judge_run_for(member, as_id(filters["judge_run"]))
    rows = run.items.exclude(state=JudgeItem.State.WAITING).exclude(blind_to(member))
    about = f"{run}: the scores of {run.judge} by {run.version.rubric.name}, version "
    return JudgeScoreRows(run, rows, f"{about}{run.version.number}.")


def _rows(run: JudgeRun, item: JudgeItem, pinned: PinnedSpec, *, is_known: bool) -> Iterator[Row]:
    shared = {
        "judge_run": run.number,
        "judge": str(run.judge),
        "judge_hash": run.judge.hash,
        "snapshot": run.snapshot.number,
        "position": item.position,
        "state": item.state,
        "error": item.error,
        "total": _total(item, pinned),
        "known": int(is_known),
        **target_row(item.target),
        **pinned.row(),
    }
    if item.rating is None:
        yield {**shared, **_NO_SCORE}
        return
    for row in score_rows(item.rating, pinned):
        yield {**shared, **{name: row[name] for name in _NO_SCORE}}


def _total(item: JudgeItem, pinned: PinnedSpec) -> float | None:
    scores = item.rating.scores.all() if item.rating else []
    outcomes = {score.criterion_uid: Outcome(score.status, score.value) for score in scores}  # type: ignore[arg-type]
    return total(pinned.spec, outcomes) if outcomes else None


JUDGE_SCORES = Table(
    name="judge_scores",
    title="Judge scores",
    row="A score of one criterion by the judge",
    unit="text",
    units="texts",
    roles=JUDGING_READERS,
    columns=COLUMNS,
    select=_select,
    filters=("judge_run",),
    place=("judging", "Open a judge run"),
    notes=(
        "A text that the judge could not score has one row with the state failed and the reason. "
        "Texts that the person who made this export still had to rate are left out.",
    ),
)
