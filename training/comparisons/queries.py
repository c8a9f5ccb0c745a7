"""What the page of an evaluation's blind comparisons shows. All figures are of judged pairs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet

from annotation.agreement import statistics as agreement
from annotation.agreement import tables
from annotation.models import Comparison, ComparisonRater, Pair, PairJudgement
from annotation.ratings.blindness import blind_among
from training.comparisons.statistics import FIRST, SECOND, TIE, Share, share_of, win_rate
from training.evaluation.statistics import Estimate
from training.models import Answer, EvaluatedSystem, EvaluationComparison, EvaluationRun
from webapp.accounts.access import Member

# So many comparisons of one evaluation are shown.
SHOWN = 50
_CODES = {FIRST: 0.0, SECOND: 1.0, TIE: 2.0}
# Why agreement has no value, in the words of pairs.
_UNDEFINED = {
    "no ratings": "No pair is judged yet.",
    "one rater": "Only one person has judged so far.",
    "no item was rated twice": "No pair is judged by two people yet.",
}


@dataclass(frozen=True)
class Judged:
    """What one person said of a pair: FIRST, SECOND or TIE, and the side that they chose."""

    pair: UUID
    rater: UUID
    said: str
    choice: str


@dataclass(frozen=True)
class Results:
    """One comparison so far. `wins` and `losses` are judgements for the first and the second
    system. What this member still has to judge is left out of all figures but the progress."""

    link: EvaluationComparison
    people: list[str]
    pairs: int
    identical: int
    hidden: int
    judged: int
    wins: int
    losses: int
    ties: int
    win_rate: Estimate | None
    # The share of decided judgements that chose the reply shown as A.
    chose_a: Share | None
    # Only where more than one person judges a pair.
    agreement: tables.Estimate | None

    @property
    def comparison(self) -> Comparison:
        return self.link.comparison

    @property
    def seen(self) -> int:
        """The judgements that the figures count."""
        return self.wins + self.losses + self.ties

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How often each was chosen, in words."""
        return [
            (f"Chose {self.link.first}", self.wins),
            (f"Chose {self.link.second}", self.losses),
            ("Tie", self.ties),
        ]

    @property
    def no_agreement(self) -> str:
        """Why there is no figure for it."""
        if self.agreement is None or self.agreement.value is not None:
            return ""
        if self.agreement.is_too_few:
            found = self.agreement.n_pairable
            needed = tables.MIN_ITEMS
            return f"Too few: {found} of at least {needed} pairs are judged by two people."
        return _UNDEFINED.get(self.agreement.reason, "Everybody always gave the same answer.")

    @property
    def planned(self) -> int:
        return (self.pairs - self.identical) * self.comparison.overlap


def comparisons_of(run: EvaluationRun) -> QuerySet[EvaluationComparison]:
    """The newest first, each with its systems."""
    people = ComparisonRater.objects.select_related("user").order_by("user__name")
    return (
        EvaluationComparison.objects.filter(run=run)
        .select_related("comparison__project", "first", "second", "run")
        .prefetch_related(Prefetch("comparison__raters", people))
        .order_by("-comparison__number")
    )


def chosen_in(run: EvaluationRun, member: Member) -> list[Results]:
    """What people chose in the newest comparisons of an evaluation, for its page."""
    return results_of(comparisons_of(run)[:SHOWN], member)


def systems_to_compare(run: EvaluationRun) -> QuerySet[EvaluatedSystem]:
    """The systems of an evaluation with at least one answer."""
    answered = Answer.objects.filter(system=OuterRef("pk"), target__isnull=False)
    return run.systems.filter(Exists(answered)).order_by("position")


def results_of(links: Iterable[EvaluationComparison], member: Member) -> list[Results]:
    """The results of these comparisons, with a constant number of queries."""
    rows = list(links)
    pairs = _pairs([link.comparison_id for link in rows])
    hidden = blind_pairs(member, [pair for each in pairs.values() for pair in each])
    judged = _judged([link.comparison_id for link in rows])
    return [
        _results(link, pairs[link.comparison_id], judged[link.comparison_id], hidden)
        for link in rows
    ]


def blind_pairs(member: Member, pairs: Sequence[Pair]) -> set[UUID]:
    """Those of the pairs with a text that this member still has to judge or to rate."""
    texts = {pair.pk: {pair.prompt_id, pair.first_id, pair.second_id} for pair in pairs}
    blind = blind_among(member.user, member.project, set().union(*texts.values()))
    return {pk for pk, ids in texts.items() if ids & blind}


def said_of(choice: str, first_is_a: bool) -> str:
    """FIRST, SECOND or TIE: the system that a person chose by a side of the screen."""
    if choice == PairJudgement.Choice.TIE:
        return TIE
    return FIRST if (choice == PairJudgement.Choice.A) == first_is_a else SECOND


def _pairs(comparisons: Sequence[UUID]) -> dict[UUID, list[Pair]]:
    found: dict[UUID, list[Pair]] = defaultdict(list)
    rows = Pair.objects.filter(comparison__in=comparisons).order_by("position")
    dialogue = F("prompt__turn__dialogue_id")
    rows = rows.annotate(group=F("prompt__turn__dialogue__split_key"), in_dialogue=dialogue)
    for pair in rows:
        found[pair.comparison_id].append(pair)
    return found


def _judged(comparisons: Sequence[UUID]) -> dict[UUID, list[Judged]]:
    found: dict[UUID, list[Judged]] = defaultdict(list)
    rows = PairJudgement.objects.filter(
        pair__comparison__in=comparisons, state=PairJudgement.State.SUBMITTED
    ).values_list("pair__comparison_id", "pair_id", "rater_id", "choice", "first_is_a")
    for comparison, pair, rater, choice, first_is_a in rows:
        found[comparison].append(Judged(pair, rater, said_of(choice, first_is_a), choice))
    return found


def _results(
    link: EvaluationComparison, pairs: Sequence[Pair], judged: Sequence[Judged], hidden: set[UUID]
) -> Results:
    seen = [each for each in judged if each.pair not in hidden]
    said = Counter(each.said for each in seen)
    chosen = Counter(each.choice for each in seen)
    by_pair: dict[UUID, list[str]] = defaultdict(list)
    for each in seen:
        by_pair[each.pair].append(each.said)
    comparison = link.comparison
    return Results(
        link=link,
        people=[str(place.user) for place in comparison.raters.all()],
        pairs=len(pairs),
        identical=sum(pair.is_identical for pair in pairs),
        hidden=sum(pair.pk in hidden for pair in pairs),
        judged=len(judged),
        wins=said[FIRST],
        losses=said[SECOND],
        ties=said[TIE],
        win_rate=win_rate(
            [by_pair[pair.pk] for pair in pairs],
            [pair.group for pair in pairs],  # type: ignore[attr-defined]
            seed=comparison.seed,
        ),
        chose_a=share_of(chosen["a"], chosen["a"] + chosen["b"]),
        agreement=_agreement(seen, pairs, seed=comparison.seed) if comparison.overlap > 1 else None,
    )


def _agreement(judged: Sequence[Judged], pairs: Sequence[Pair], *, seed: int) -> tables.Estimate:
    """Krippendorff's alpha of what people chose: the first system, the second, or neither."""
    raters = sorted({each.rater for each in judged})
    rows: dict[UUID, list[float | None]] = {}
    for each in judged:
        row = rows.setdefault(each.pair, [None] * len(raters))
        row[raters.index(each.rater)] = _CODES[each.said]
    table = list(rows.values()) or [[None]]
    of_pair = {pair.pk: (pair.group, pair.in_dialogue) for pair in pairs}  # type: ignore[attr-defined]
    places = [of_pair[pair] for pair in rows] or [("", "")]
    return agreement.alpha(table, "nominal", places=places, seed=seed)
