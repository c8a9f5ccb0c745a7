"""The written corpus in the project of the demo: dialogues, other replies, and the levels that
their authors gave to these."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from annotation.corpus.services import add_dialogues
from annotation.demo.written import (
    OTHER_SOURCE,
    SOURCE,
    Author,
    OtherReply,
    answered_with,
    other_replies,
    written_dialogues,
)
from annotation.formats.records import ParsedDialogue
from annotation.models import Rater, Rating, Turn
from annotation.ratings.services import NewRating, NewScore, author_rater, submit_ratings
from annotation.ratings.targets import targets_for
from rubrics.demo.kardia import KARDIA
from rubrics.models import Spec
from webapp.accounts.models import Project

CHUNK = 160
UID_OF = {criterion.name: criterion.uid for criterion in KARDIA.judge_criteria}


def add_corpus(*, project: Project, spec: Spec) -> None:
    """Add what the project lacks of the corpus, with the authors' levels as ratings by `spec`.

    The other replies come first: lists show the newest dialogues at the top, and the whole
    dialogues belong there."""
    written = {each.id: each.dialogue for each in written_dialogues()}
    replies = other_replies()
    raters = {
        author: author_rater(project=project, label=f"Author {author}")
        for author in sorted({rating.author for reply in replies for rating in reply.ratings})
    }
    for start in range(0, len(replies), CHUNK):
        _add_replies(project, spec, raters, written, replies[start : start + CHUNK])
    whole = list(written.values())
    for start in range(0, len(whole), CHUNK):
        add_dialogues(project=project, parsed=whole[start : start + CHUNK], source=SOURCE)


def _add_replies(
    project: Project,
    spec: Spec,
    raters: dict[Author, Rater],
    written: dict[str, ParsedDialogue],
    replies: Sequence[OtherReply],
) -> None:
    """A chunk with its ratings, or nothing of it."""
    with transaction.atomic():
        placed = add_dialogues(
            project=project,
            parsed=[answered_with(written[reply.dialogue], reply) for reply in replies],
            source=OTHER_SOURCE,
        )
        turns = _last_turns([place.dialogue_id for place in placed])
        targets = targets_for(project=project, turns=turns)
        submit_ratings(
            [
                NewRating(
                    target,
                    spec,
                    raters[rating.author],
                    Rating.Purpose.IMPORT,
                    [
                        NewScore(UID_OF[name], float(level), rationale=rating.why)
                        for name, level in rating.levels.items()
                    ],
                )
                for target, reply in zip(targets, replies, strict=True)
                for rating in reply.ratings
            ]
        )


def _last_turns(dialogues: Sequence[UUID]) -> list[UUID]:
    """The last turn of each dialogue, in the order given."""
    rows = Turn.objects.filter(dialogue__in=dialogues).order_by("dialogue", "-position")
    last = dict(rows.distinct("dialogue").values_list("dialogue", "pk"))
    return [last[dialogue] for dialogue in dialogues]
