"""Blind comparisons: which pairs are judged, by whom, how often each. What the people themselves
do is in `judging`."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from annotation.comparisons.limits import LEASE_MINUTES, OVERLAP, PAIRS, QUESTION
from annotation.leases import set_closed
from annotation.models import Comparison, ComparisonRater, Pair, Target
from annotation.ratings.context import Context
from annotation.ratings.targets import contexts_of
from rubrics.judging.spans import SPAN_NAMES
from webapp.accounts.access import require_open
from webapp.accounts.models import Membership, Project, Role, User
from webapp.accounts.numbers import next_number
from webapp.audit import services as audit
from webapp.errors import Refused
from webapp.limits import SEED

_BATCH = 2_000


@dataclass(frozen=True)
class NewPair:
    """Two replies that take the place of the turn `prompt`."""

    prompt: Target
    first: Target
    second: Target


def comparison_create(
    *,
    project: Project,
    actor: User,
    name: str,
    pairs: Sequence[NewPair],
    raters: Sequence[User],
    question: str = QUESTION,
    overlap: int = OVERLAP.default,
    lease_minutes: int = LEASE_MINUTES.default,
    seed: int = SEED.default,
) -> Comparison:
    """A comparison over these pairs, in their order, those whose replies are identical last: the
    numbers that people see have no gaps. `seed` is kept as the one they were drawn by.

    Raises Refused for a name that an open comparison has, a rater who is no annotator of the
    project, more people a pair than there are raters, and where all pairs say the same twice.
    """
    require_open(project)
    comparison = Comparison(
        project=project,
        name=name.strip(),
        question=question.strip(),
        overlap=overlap,
        lease_minutes=lease_minutes,
        seed=seed,
        created_by=actor,
    )
    people = list(dict.fromkeys(raters))
    _check(comparison, people)
    identical = _identical(pairs)
    order = sorted(range(len(pairs)), key=identical.__getitem__)
    with transaction.atomic():
        _number(comparison)
        comparison.save()
        _add_pairs(comparison, [pairs[at] for at in order], [identical[at] for at in order])
        _add_raters(comparison, people)
        audit.record(
            "comparison.created",
            actor=actor,
            object=comparison,
            number=comparison.number,
            pairs=len(pairs),
            identical=sum(identical),
            overlap=overlap,
            raters=len(people),
        )
    return comparison


def comparison_close(*, comparison: Comparison, actor: User) -> bool:
    """Give out nothing more and take no judgement. False where it was closed. Ends after the
    judgements that are under way: who reads them then reads all of them."""
    return set_closed(comparison, actor, "comparison.closed", closes=True)


def comparison_open(*, comparison: Comparison, actor: User) -> bool:
    """Go on with a closed comparison. False where it was open. While it was closed nobody was
    blind to it."""
    with transaction.atomic():
        opened = set_closed(comparison, actor, "comparison.opened", closes=False)
        if opened:
            ComparisonRater.objects.filter(comparison=comparison).update(blind_since=timezone.now())
    return opened


def _check(comparison: Comparison, people: Sequence[User]) -> None:
    if not 0 < len(comparison.name) <= Comparison.MAX_NAME:
        raise Refused(
            f"A comparison needs a name of at most {Comparison.MAX_NAME} characters.", code="name"
        )
    if not 0 < len(comparison.question) <= Comparison.MAX_QUESTION:
        raise Refused(
            f"A comparison needs a question of at most {Comparison.MAX_QUESTION} characters.",
            code="question",
        )
    LEASE_MINUTES.require(comparison.lease_minutes)
    SEED.require(comparison.seed)
    if not people:
        raise Refused("Choose at least one annotator.", code="raters")
    known = Membership.objects.filter(
        project=comparison.project, role=Role.ANNOTATOR, user__in=people
    )
    if known.count() < len(people):
        raise Refused("Somebody you chose is not an annotator in this project.", code="raters")
    OVERLAP.require(comparison.overlap)
    if comparison.overlap > len(people):
        raise Refused(
            f"Each pair needs {comparison.overlap} people, but you chose {len(people)}.",
            code="overlap",
        )


def _number(comparison: Comparison) -> None:
    """Give it a number. Two clicks on the button wait for each other here, so that the second one
    finds the name taken."""
    project = comparison.project
    comparison.number = next_number(project, "comparison")
    if Comparison.objects.filter(project=project, name=comparison.name, closed_at=None).exists():
        raise Refused(
            f"There is already an open comparison named “{comparison.name}”.", code="name"
        )


def _identical(pairs: Sequence[NewPair]) -> list[bool]:
    """Whether the two replies of each pair look the same to a person."""
    PAIRS.require(len(pairs))
    targets = {
        target.pk: target for pair in pairs for target in (pair.prompt, pair.first, pair.second)
    }
    shown = {pk: _shown(context) for pk, context in contexts_of(list(targets.values())).items()}
    identical = [shown[pair.first.pk] == shown[pair.second.pk] for pair in pairs]
    if all(identical):
        raise Refused(
            "The two replies of every pair are the same, so there is nothing to judge.",
            code="identical",
        )
    return identical


def _shown(context: Context) -> tuple[str, ...]:
    candidate = context["candidate"]
    spans = {name: candidate[name] for name in SPAN_NAMES}
    return (*spans.values(), "" if spans["response"] else candidate["raw"])


def _add_pairs(comparison: Comparison, pairs: Sequence[NewPair], identical: Sequence[bool]) -> None:
    Pair.objects.bulk_create(
        (
            Pair(
                project_id=comparison.project_id,
                comparison=comparison,
                position=position,
                prompt=pair.prompt,
                first=pair.first,
                second=pair.second,
                is_identical=identical[position],
            )
            for position, pair in enumerate(pairs)
        ),
        batch_size=_BATCH,
    )


def _add_raters(comparison: Comparison, people: Sequence[User]) -> None:
    ComparisonRater.objects.bulk_create(
        ComparisonRater(project_id=comparison.project_id, comparison=comparison, user=user)
        for user in people
    )
