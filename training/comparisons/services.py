"""Let people compare two systems of an evaluation without knowing which is which."""

import random
from collections.abc import Sequence

from django.db import transaction

from annotation.comparisons import services as comparisons
from annotation.comparisons.limits import LEASE_MINUTES, OVERLAP, QUESTION
from annotation.comparisons.services import NewPair
from training.comparisons.limits import PAIRS
from training.models import Answer, EvaluatedSystem, EvaluationComparison, EvaluationRun
from webapp.accounts.models import User
from webapp.audit import services as audit
from webapp.db import one_at_a_time
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.runs.limits import require_key


def comparison_start(
    *,
    run: EvaluationRun,
    actor: User,
    name: str,
    first: EvaluatedSystem,
    second: EvaluatedSystem,
    raters: Sequence[User],
    pairs: int = PAIRS.default,
    question: str = QUESTION,
    overlap: int = OVERLAP.default,
    lease_minutes: int = LEASE_MINUTES.default,
    seed: int = SEED.default,
    key: str = "",
) -> EvaluationComparison:
    """Draw up to `pairs` prompts that both systems answered, and ask these people about them.
    The same `key` again returns the comparison that is there.

    Raises Refused for an evaluation that still works, for systems that are the same or of another
    evaluation, where they share no answered prompt, and for what `comparison_create` refuses.
    """
    with transaction.atomic():
        if (known := _started_before(run, key)) is not None:
            return known
        _check(run, first, second)
        PAIRS.require(pairs)
        SEED.require(seed)
        comparison = comparisons.comparison_create(
            project=run.project,
            actor=actor,
            name=name,
            pairs=_drawn(first, second, pairs, seed),
            raters=raters,
            question=question,
            overlap=overlap,
            lease_minutes=lease_minutes,
            seed=seed,
        )
        link = EvaluationComparison.objects.create(
            project=run.project,
            run=run,
            comparison=comparison,
            first=first,
            second=second,
            idempotency_key=key,
        )
        audit.record("evaluation.compared", actor=actor, object=run, comparison=str(comparison.pk))
    return link


def _started_before(run: EvaluationRun, key: str) -> EvaluationComparison | None:
    """The comparison that `key` started; none without a key. Where there is none, nobody else
    starts one with this key until the transaction ends. Raises Refused for a key that is too
    long."""
    if not key:
        return None
    require_key(key)
    one_at_a_time(f"comparison/{run.pk}/{key}")
    return EvaluationComparison.objects.filter(run=run, idempotency_key=key).first()


def _check(run: EvaluationRun, first: EvaluatedSystem, second: EvaluatedSystem) -> None:
    if not run.is_ended:
        raise Refused("This evaluation is still running. Wait until it has ended.", code="running")
    if first.pk == second.pk:
        raise Refused("Choose two different systems.", code="second")
    if {first.run_id, second.run_id} != {run.pk}:
        raise Refused("Choose two systems of this evaluation.", code="second")


def _drawn(first: EvaluatedSystem, second: EvaluatedSystem, count: int, seed: int) -> list[NewPair]:
    """Pairs of answers to prompts that both answered, drawn and ordered by the seed. The texts are
    read of those that were drawn only."""
    answers = Answer.objects.filter(target__isnull=False)
    others = answers.filter(system=second).values("prompt")
    both = answers.filter(system=first, prompt__in=others).order_by("position")
    prompts = list(both.values_list("prompt", flat=True))
    if not prompts:
        raise Refused("These two systems have no prompt that both answered.", code="second")
    drawn = random.Random(seed).sample(prompts, min(count, len(prompts)))  # noqa: S311
    found = answers.filter(prompt__in=drawn).select_related("target", "prompt")
    one, other = (
        {answer.prompt_id: answer for answer in found.filter(system=system)}
        for system in (first, second)
    )
    pairs = []
    for prompt in drawn:
        first_target, second_target = one[prompt].target, other[prompt].target
        assert first_target is not None and second_target is not None  # noqa: S101  (filtered)
        pairs.append(NewPair(one[prompt].prompt, first_target, second_target))
    return pairs
