"""The table of attempts: what a generation's critic said of each attempt at a supporter's turn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from annotation.corpus.access import dialogue_for
from annotation.exports.columns import Chunk, Row, integer, number, records, text, time
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.scores import SPEC_COLUMNS
from annotation.exports.texts import as_id
from annotation.generation.access import generation_run_for
from annotation.generation.refinement import needed_in_words
from annotation.models import Attempt, GenerationCritic, GenerationItem
from annotation.ratings.blindness import hidden_dialogues, own_targets, words_of
from annotation.roles import DATA_READERS
from rubrics.core.spec import CriterionSpec, from_json
from rubrics.judging.spans import parse_spans
from webapp.accounts.access import Member

CRITIC_COLUMNS = (
    text("judge", "The critic: its judge’s name and version"),
    text("judge_hash", "SHA-256 of all that makes the judge"),
    *SPEC_COLUMNS,
)
COLUMNS = (
    integer("generation_run", "The number of the generation run"),
    text("dialogue_id", "The dialogue’s id"),
    integer("dialogue", "Its number in the project"),
    text("split", "train, validation or test"),
    text("state", "What became of the dialogue: waiting, done, failed or dropped"),
    text("drop_reason", "no_pass, structure, profile, emotion or duplicate; empty if not dropped"),
    text("drop_words", "Why it was dropped, in words"),
    integer("turn", "The turn’s position in the dialogue, counted from 0"),
    integer("attempt", "Which attempt at this turn it is, counted from 1"),
    integer("accepted", "1 if the attempt became the turn, else 0"),
    text("verdict", "fail, pass or solved; waiting or error if the critic gave none"),
    text("raw", "The attempt as the model wrote it"),
    text("problems", "What is wrong with its four spans"),
    number("total", "The rubric’s total, at most 1; empty if it is undefined"),
    records(
        "failed_criteria",
        "The criteria whose PASS level the attempt missed",
        text("criterion_uid", "The criterion’s id"),
        text("criterion", "Its name"),
        number("value", "The level that the critic gave"),
        integer("threshold", "The PASS level of the run"),
        text("needed", "What passes, in words"),
        text("rationale", "Why, in the critic’s words"),
    ),
    text("critique", "What the critic told the model to change"),
    text("error", "Why the critic gave no verdict"),
    *CRITIC_COLUMNS,
    time("judged_at", "When the critic gave its verdict"),
)


def visible_attempts(member: Member, filters: Filters) -> tuple[QuerySet[Attempt], str]:
    """The attempts that the filters name, and which those are: “of Generation 3”.

    Leaves out the dialogues with a text that this member still has to rate, and attempts that say
    what such a text says."""
    said = words_of(own_targets(member.user, member.project))
    rows = (
        Attempt.objects.filter(project=member.project, dialogue__generation_item__isnull=False)
        .exclude(dialogue__in=hidden_dialogues(member.user, member.project).values("pk"))
        .exclude(normal_hash__in=said)
    )
    words = []
    if "generation_run" in filters:
        run = generation_run_for(member, as_id(filters["generation_run"]))
        rows = rows.filter(dialogue__generation_item__run=run)
        words.append(f"of {run}")
    if "dialogue" in filters:
        dialogue = dialogue_for(member, as_id(filters["dialogue"]))
        rows = rows.filter(dialogue=dialogue)
        words.append(f"in dialogue {dialogue.number:,}")
    return rows, " ".join(words) or "of all generations"


@dataclass(frozen=True)
class PinnedCritic:
    """The critic of a run as rows show it."""

    critic: GenerationCritic
    criteria: dict[str, CriterionSpec]

    def row(self) -> Row:
        version = self.critic.version
        return {
            "judge": str(self.critic.judge),
            "judge_hash": self.critic.judge.hash,
            "spec_hash": self.critic.spec.hash,
            "rubric": version.rubric.name,
            "version": version.number,
        }


class PinnedCritics:
    """The critics of the runs read so far, by the run's id; all new ones of a portion are fetched
    with one query."""

    def __init__(self) -> None:
        self._known: dict[UUID, PinnedCritic] = {}

    def __getitem__(self, run: UUID) -> PinnedCritic:
        return self._known[run]

    def read(self, runs: Iterable[UUID]) -> None:
        missing = set(runs) - set(self._known)
        if not missing:
            return
        rows = GenerationCritic.objects.filter(run__in=missing)
        for critic in rows.select_related("version__rubric", "spec", "judge"):
            criteria = from_json(critic.spec.content).criteria
            self._known[critic.run_id] = PinnedCritic(critic, {each.uid: each for each in criteria})


@dataclass(frozen=True)
class AttemptRows:
    rows: QuerySet[Attempt]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        critics = PinnedCritics()
        rows = self.rows.select_related("dialogue__generation_item__run")
        for found in in_chunks(rows):
            critics.read(attempt.dialogue.generation_item.run_id for attempt in found)
            yield Chunk(
                len(found),
                [(attempt.dialogue.split, _row(attempt, critics)) for attempt in found],
            )


def _select(member: Member, filters: Filters) -> AttemptRows:
    rows, words = visible_attempts(member, filters)
    return AttemptRows(rows, f"Attempts at the supporter’s turns {words}.")


def _row(attempt: Attempt, critics: PinnedCritics) -> Row:
    item = attempt.dialogue.generation_item
    pinned = critics[item.run_id]
    is_dropped = item.state == GenerationItem.State.DROPPED
    return {
        "generation_run": item.run.number,
        "dialogue_id": str(attempt.dialogue_id),
        "dialogue": attempt.dialogue.number,
        "split": attempt.dialogue.split,
        "state": item.state,
        "drop_reason": item.drop_reason or None,
        "drop_words": item.error if is_dropped else None,
        "turn": attempt.position,
        "attempt": attempt.number,
        "accepted": int(attempt.verdict in Attempt.ACCEPTED),
        "verdict": attempt.verdict,
        "raw": attempt.raw,
        "problems": " ".join(parse_spans(attempt.raw).problems),
        "total": attempt.total,
        "failed_criteria": list(_failed(attempt, pinned)),
        "critique": attempt.critique,
        "error": attempt.error,
        **pinned.row(),
        "judged_at": attempt.judged_at,
    }


def _failed(attempt: Attempt, pinned: PinnedCritic) -> Iterator[Row]:
    for uid, criterion in pinned.criteria.items():
        score = attempt.scores.get(uid)
        if score is None or not score["is_short"]:
            continue
        threshold = pinned.critic.thresholds[uid]
        yield {
            "criterion_uid": uid,
            "criterion": criterion.name,
            "value": score["value"],
            "threshold": threshold,
            "needed": needed_in_words(criterion, threshold),
            "rationale": score["rationale"],
        }


ATTEMPTS = Table(
    name="attempts",
    title="Attempts",
    row="An attempt at a supporter’s turn, with the critic’s verdict",
    unit="attempt",
    units="attempts",
    roles=DATA_READERS,
    columns=COLUMNS,
    select=_select,
    filters=("generation_run", "dialogue"),
    notes=(
        "Only generations with a critic have attempts. Those of dropped dialogues are there, too.",
        "Dialogues in which the person who made this export still had to rate are left out.",
    ),
)
