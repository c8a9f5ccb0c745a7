"""What exports hold of blind comparisons: every judgement, and preferences of people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from annotation.exports import registry
from annotation.exports.columns import Chunk, Row, integer, messages, number, text, time
from annotation.exports.reading import in_chunks
from annotation.exports.registry import Filters, Table
from annotation.exports.texts import as_id, blind_to
from annotation.generation.prompts import prompt_messages
from annotation.models import Pair, PairJudgement
from annotation.ratings.context import Context
from annotation.ratings.labels import pseudonyms_in
from annotation.ratings.targets import contexts_of
from training.access import TRAINERS
from training.comparisons.queries import said_of
from training.comparisons.statistics import FIRST, SECOND, TIE
from training.models import EvaluationComparison
from webapp.accounts.access import Member, found_or_404
from webapp.errors import Refused

_SUBMITTED = PairJudgement.State.SUBMITTED
_PLACE = ("evaluations", "Open an evaluation and its blind comparisons")

SHARED = (
    integer("comparison", "The number of the blind comparison"),
    integer("evaluation", "The number of the evaluation whose answers were compared"),
    text("question", "What people answered"),
    integer("position", "The pair’s place in the comparison, counted from 0"),
    text("prompt_id", "The id of the turn whose place both replies take"),
)
JUDGEMENT_COLUMNS = (
    *SHARED,
    text("rater", "A pseudonym, the same in all exports of the project"),
    text("system_a", "The system whose reply was shown as A"),
    text("system_b", "The system whose reply was shown as B"),
    text("choice", "a, b or tie"),
    text("chosen_system", "The system that was chosen; empty for a tie"),
    number("active_seconds", "How long the person worked on the pair, without idle time"),
    time("submitted_at", "When it was judged"),
)
PREFERENCE_COLUMNS = (
    messages("prompt", "The supporter’s instruction and the turns before"),
    messages("chosen", "The reply that more people chose"),
    messages("rejected", "The other reply"),
    text("chosen_by", "Who chose: people"),
    text("chosen_system", "The system that wrote the chosen reply"),
    text("rejected_system", "The system that wrote the other one"),
    integer("chosen_votes", "How many people chose the chosen reply"),
    integer("rejected_votes", "How many chose the other one"),
    integer("tie_votes", "How many found them equally good"),
    *SHARED,
)


def register() -> None:
    registry.register(JUDGEMENTS, PREFERENCES)


@dataclass(frozen=True)
class JudgementRows:
    link: EvaluationComparison
    rows: QuerySet[PairJudgement]
    about: str

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        names = pseudonyms_in(self.link.comparison.project)
        for found in in_chunks(self.rows.select_related("pair")):
            rows = [("", _judgement_row(self.link, row, names[row.rater_id])) for row in found]
            yield Chunk(len(found), rows)


@dataclass(frozen=True)
class PreferenceRows:
    link: EvaluationComparison
    rows: QuerySet[Pair]

    @cached_property
    def about(self) -> str:
        ties = sum(_majority(_votes(pair)) == TIE for pair in self.rows)
        left_out = f" {ties:,} without a majority {'is' if ties == 1 else 'are'} left out."
        return f"Judged pairs of {_title(self.link)}.{left_out if ties else ''}"

    def count(self) -> int:
        return self.rows.count()

    def chunks(self) -> Iterator[Chunk]:
        pairs = self.rows.select_related("prompt", "first", "second")
        for found in in_chunks(pairs):
            targets = [each for pair in found for each in (pair.prompt, pair.first, pair.second)]
            contexts = contexts_of(targets)
            rows = [
                ("", _preference_row(self.link, pair, contexts))
                for pair in found
                if _majority(_votes(pair)) != TIE
            ]
            yield Chunk(len(found), rows)


def _select_judgements(member: Member, filters: Filters) -> JudgementRows:
    link = _link(member, filters)
    rows = PairJudgement.objects.filter(pair__comparison=link.comparison_id, state=_SUBMITTED)
    rows = rows.exclude(_blind(member, "pair__"))
    return JudgementRows(link, rows, f"Every judgement of {_title(link)}.")


def _select_preferences(member: Member, filters: Filters) -> PreferenceRows:
    link = _link(member, filters)
    judged = PairJudgement.objects.filter(state=_SUBMITTED)
    rows = (
        Pair.objects.filter(Exists(judged.filter(pair=OuterRef("pk"))))
        .filter(comparison=link.comparison_id)
        .exclude(_blind(member, ""))
        .prefetch_related(Prefetch("judgements", judged))
    )
    return PreferenceRows(link, rows)


def _link(member: Member, filters: Filters) -> EvaluationComparison:
    if "comparison" not in filters:
        raise Refused(
            "Choose a blind comparison. You find the links to export it on its evaluation’s page "
            "“Blind comparisons”.",
            code="comparison",
        )
    rows = EvaluationComparison.objects.filter(
        project=member.project, comparison=as_id(filters["comparison"])
    )
    return found_or_404(
        rows.select_related("comparison__project", "run", "first", "second").first()
    )


def _blind(member: Member, prefix: str) -> Q:
    """The rows of pairs with a text that this member still has to judge or to rate."""
    texts = [blind_to(member, f"{prefix}{name}") for name in ("prompt", "first", "second")]
    return texts[0] | texts[1] | texts[2]


def _title(link: EvaluationComparison) -> str:
    return f"“{link.comparison}”, {link.first} against {link.second}"


def _shared(link: EvaluationComparison, pair: Pair) -> Row:
    return {
        "comparison": link.comparison.number,
        "evaluation": link.run.number,
        "question": link.comparison.question,
        "position": pair.position,
        "prompt_id": str(pair.prompt_id),
    }


def _judgement_row(link: EvaluationComparison, row: PairJudgement, rater: str) -> Row:
    systems = {FIRST: link.first.name, SECOND: link.second.name}
    sides = (FIRST, SECOND) if row.first_is_a else (SECOND, FIRST)
    return {
        **_shared(link, row.pair),
        "rater": rater,
        "system_a": systems[sides[0]],
        "system_b": systems[sides[1]],
        "choice": row.choice,
        "chosen_system": systems.get(said_of(row.choice, row.first_is_a)),
        "active_seconds": row.active_seconds,
        "submitted_at": row.submitted_at,
    }


def _votes(pair: Pair) -> Counter[str]:
    return Counter(said_of(each.choice, each.first_is_a) for each in pair.judgements.all())


def _majority(votes: Counter[str]) -> str:
    """FIRST or SECOND, whichever more people chose; TIE where as many chose either."""
    if votes[FIRST] == votes[SECOND]:
        return TIE
    return FIRST if votes[FIRST] > votes[SECOND] else SECOND


def _preference_row(link: EvaluationComparison, pair: Pair, contexts: dict[UUID, Context]) -> Row:
    votes = _votes(pair)
    chosen = _majority(votes)
    rejected = SECOND if chosen == FIRST else FIRST
    systems = {FIRST: link.first.name, SECOND: link.second.name}
    replies = {
        FIRST: contexts[pair.first_id]["candidate"]["raw"],
        SECOND: contexts[pair.second_id]["candidate"]["raw"],
    }
    here = contexts[pair.prompt_id]
    asked = prompt_messages(here["profile"], here["situation"], here["history"])
    return {
        "prompt": [{"role": each["role"], "content": each["content"]} for each in asked],
        "chosen": _said(replies[chosen]),
        "rejected": _said(replies[rejected]),
        "chosen_by": "people",
        "chosen_system": systems[chosen],
        "rejected_system": systems[rejected],
        "chosen_votes": votes[chosen],
        "rejected_votes": votes[rejected],
        "tie_votes": votes[TIE],
        **_shared(link, pair),
    }


def _said(reply: str) -> Sequence[dict[str, Any]]:
    return [{"role": "assistant", "content": reply}]


JUDGEMENTS = Table(
    name="pair_judgements",
    title="Judgements of pairs",
    row="What one person chose in one pair of a blind comparison",
    unit="judgement",
    units="judgements",
    roles=TRAINERS,
    columns=JUDGEMENT_COLUMNS,
    select=_select_judgements,
    filters=("comparison",),
    place=_PLACE,
    notes=(
        "Chance decided which reply was A, for each person and pair. Pairs with identical answers "
        "were shown to nobody, so they have no row. Pairs that the person who made this export "
        "still had to judge are left out.",
    ),
)
PREFERENCES = Table(
    name="pair_preferences",
    title="Preferences of people",
    row="Two replies to one prompt: the one that more people chose, and the other one",
    unit="pair",
    units="pairs",
    roles=TRAINERS,
    columns=PREFERENCE_COLUMNS,
    select=_select_preferences,
    filters=("comparison",),
    place=_PLACE,
    notes=(
        "People chose without knowing which system wrote which reply.",
        "The columns `prompt`, `chosen` and `rejected` are TRL’s conversational preference format, "
        "as DPOTrainer reads it. A pair that as many people chose for one reply as for the other, "
        "or where all said that it is a tie, gives no row.",
        "These prompts are of the test split. A model that is trained on them can’t be evaluated "
        "on them any more.",
    ),
    empty="Every judged pair ended in a tie, so there is nothing to prefer.",
)
