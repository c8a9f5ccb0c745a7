"""What the page of a generation run shows of its critic: verdicts, depth, drops, the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from statistics import fmean
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from annotation.corpus.attempts import Tried, attempts_of
from annotation.generation.refinement import Rule, thresholds_in_words
from annotation.generation.statistics import Gain, Pair, paired_gain
from annotation.models import Attempt, Dialogue, GenerationCritic, GenerationItem, GenerationRun
from annotation.ratings.blindness import hidden_dialogues
from rubrics.core.spec import from_json
from webapp.accounts.access import Member

DROPS_SHOWN = 10


@dataclass(frozen=True)
class Part:
    """A count with its share of the whole; `before` is the share of all parts before it."""

    name: str
    count: int
    share: float
    before: float

    # As an SVG takes them.
    @property
    def x(self) -> str:
        return f"{self.before:.2%}"

    @property
    def width(self) -> str:
        return f"{self.share:.2%}"


@dataclass(frozen=True)
class Passed:
    """How the replies of one finished dialogue passed. `mean` is of the rubric totals of what was
    accepted; None where none is defined."""

    replies: int
    at_first: int
    # The verdict of the last reply.
    last: str
    mean: float | None


@dataclass(frozen=True)
class Refining:
    """What the critic of a run gave so far."""

    critic: GenerationCritic
    # Dialogues with texts that this person still has to rate: what the critic gave in them is left
    # out of verdicts, depths and gain.
    hidden: int
    # (criterion, what passes) in the order of the rubric.
    thresholds: list[tuple[str, str]]
    # Attempts by their verdict: FAIL, PASS, SOLVED.
    verdicts: list[Part]
    # Accepted turns by the attempts that they took.
    depths: list[Part]
    drops: list[Part]
    dropped: list[GenerationItem]
    # The attempts at the last turn, of the dialogue being written, that took more than one.
    history: list[Tried]
    # By dialogue, of those that the page lists; without those that are hidden from this person.
    passed: dict[UUID, Passed]
    # Of a run that has ended.
    gain: Gain | None

    @property
    def judged(self) -> int:
        return sum(part.count for part in self.verdicts)

    @property
    def accepted(self) -> int:
        return sum(part.count for part in self.depths)


def critic_of(run: GenerationRun) -> GenerationCritic | None:
    rows = GenerationCritic.objects.filter(run=run)
    return rows.select_related("version__rubric", "spec", "judge__endpoint").first()


def rule_of(critic: GenerationCritic) -> Rule:
    """The rule by which a run's critic decides."""
    return Rule(
        spec=from_json(critic.spec.content),
        thresholds=critic.thresholds,
        revisions=critic.revisions,
        solved_total=critic.solved_total,
        solved_from=critic.solved_from,
        profile_criterion=critic.profile_criterion,
    )


def refining_of(
    run: GenerationRun,
    critic: GenerationCritic,
    writing: Dialogue | None,
    listed: Sequence[GenerationItem],
    member: Member,
) -> Refining:
    """`listed` are the finished dialogues that the page shows."""
    hidden = hidden_dialogues(member.user, member.project)
    attempts = (
        Attempt.objects.filter(dialogue__generation_item__run=run)
        .exclude(dialogue__in=hidden.values("pk"))
        .order_by()
    )
    given = dict(attempts.values_list("verdict").annotate(n=Count("pk")))
    accepted = attempts.filter(verdict__in=Attempt.ACCEPTED)
    depths = accepted.values_list("number").annotate(n=Count("pk")).order_by("number")
    items = run.items.filter(state=GenerationItem.State.DROPPED).order_by("-ended_at", "-position")
    reasons = dict(items.order_by().values_list("drop_reason").annotate(n=Count("pk")))
    return Refining(
        critic=critic,
        hidden=hidden.filter(generation_item__run=run).count(),
        thresholds=thresholds_in_words(rule_of(critic)),
        verdicts=_parts([(verdict.value, given.get(verdict, 0)) for verdict in Attempt.GIVEN]),
        depths=_parts([(str(number), count) for number, count in depths]),
        drops=_parts(
            [(drop.label, reasons[drop]) for drop in GenerationItem.Drop if drop in reasons]
        ),
        dropped=list(items.select_related("dialogue")[:DROPS_SHOWN]),
        history=_last_history(writing) if writing is not None else [],
        passed=_passed(
            attempts.filter(dialogue__in=[item.dialogue_id for item in listed if item.dialogue_id])
        ),
        gain=paired_gain(_pairs(attempts)) if run.is_ended else None,
    )


def _passed(attempts: QuerySet[Attempt]) -> dict[UUID, Passed]:
    rows = (
        attempts.filter(verdict__in=Attempt.ACCEPTED)
        .order_by("dialogue", "position")
        .values_list("dialogue", "number", "verdict", "total")
    )
    return {
        dialogue: _passed_in([row[1:] for row in found])
        for dialogue, found in groupby(rows, key=itemgetter(0))
    }


def _passed_in(replies: list[tuple[int, str, float | None]]) -> Passed:
    totals = [total for _, _, total in replies if total is not None]
    return Passed(
        replies=len(replies),
        at_first=sum(number == 1 for number, _, _ in replies),
        last=replies[-1][1],
        mean=fmean(totals) if totals else None,
    )


def _parts(counts: Sequence[tuple[str, int]]) -> list[Part]:
    whole = sum(count for _, count in counts) or 1
    parts, before = [], 0
    for name, count in counts:
        parts.append(Part(name, count, count / whole, before / whole))
        before += count
    return parts


def _last_history(dialogue: Dialogue) -> list[Tried]:
    """It is not sealed, so nobody rates it: its verdicts are nobody's to be kept from."""
    found = [tried for tried in attempts_of(dialogue).values() if len(tried) > 1]
    return found[-1] if found else []


def _pairs(attempts: QuerySet[Attempt]) -> list[Pair]:
    """The first and the accepted total of each turn of the dialogues that were kept. Turns whose
    total is undefined are left out."""
    rows = (
        attempts.filter(
            Q(number=1) | Q(verdict__in=Attempt.ACCEPTED),
            dialogue__generation_item__state=GenerationItem.State.DONE,
        )
        .order_by("dialogue__generation_item__position", "position", "number")
        .values_list(
            "dialogue__profile_id", "dialogue_id", "position", "number", "verdict", "total"
        )
    )
    first: dict[tuple[UUID, int], float] = {}
    pairs = []
    for profile, dialogue, position, number, verdict, total in rows:
        if total is None:
            continue
        if number == 1:
            first[dialogue, position] = total
        if verdict in Attempt.ACCEPTED and (dialogue, position) in first:
            pairs.append(Pair(profile, dialogue, first[dialogue, position], total))
    return pairs
