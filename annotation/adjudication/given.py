"""What the raters of an item gave, under letters that tell nobody who they are."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from string import ascii_uppercase
from uuid import UUID

from annotation.adjudication.drafts import Given, answer_of, levels_apart_needed
from annotation.models import Assignment, Item, Score
from rubrics.core.spec import RubricSpec


def letters_of(item: Item, raters: Sequence[UUID]) -> dict[UUID, str]:
    """A letter for each rater, in another order for each item: who adjudicates many items can't
    learn who A is."""
    mixed = sorted(raters, key=lambda pk: sha256(item.pk.bytes + pk.bytes).digest())
    return dict(zip(mixed, ascii_uppercase, strict=False))


def scores_of(item: Item) -> dict[str, list[Score]]:
    """The submitted scores of the item in its queue by criterion uid, in the order of letters.
    They come with their `rating` and `evidence`."""
    ratings = Assignment.objects.filter(item=item, state=Assignment.State.SUBMITTED)
    rows = (
        Score.objects.filter(rating__in=ratings.values("rating"))
        .select_related("rating")
        .prefetch_related("evidence")
    )
    found: dict[str, list[Score]] = defaultdict(list)
    for row in rows:
        found[row.criterion_uid].append(row)
    letters = letters_of(item, list({row.rating.rater_id for row in rows}))
    for scores in found.values():
        scores.sort(key=lambda score: letters[score.rating.rater_id])
    return found


def given_in(item: Item, spec: RubricSpec, scores: Mapping[str, Sequence[Score]]) -> list[Given]:
    """The answers of the raters for each criterion that people rate."""
    needed = item.queue.adjudicate_from
    return [
        Given(
            criterion,
            [
                answer
                for score in scores.get(criterion.uid, ())
                if (answer := answer_of(score.status, score.value)) is not None
            ],
            levels_apart_needed(criterion, needed),
        )
        for criterion in spec.judge_criteria
    ]
