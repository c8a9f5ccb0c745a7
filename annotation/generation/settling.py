"""Which written dialogues of a run with a critic are kept, decided in the order of the plan.

A near-duplicate is dropped in favour of the dialogue that was kept before it. Dialogues are written
side by side and end in any order; because the plan's order decides, a run that is resumed drops the
same ones.
"""

from uuid import UUID

from django.utils import timezone

from annotation.generation.drops import KeptReplies
from annotation.generation.keeping import end_item
from annotation.models import Dialogue, GenerationItem, GenerationRun, Turn
from webapp.runs import live
from webapp.runs.work import Claim

State = GenerationItem.State


class Settling:
    """Belongs to one worker. After a kill, the next worker finds all turns of a written dialogue
    and decides about it again."""

    def __init__(self, claim: Claim[GenerationRun]) -> None:
        self._claim = claim
        self._written: set[UUID] = set()
        self._kept = KeptReplies(claim.run.items.count())
        for number, replies in _replies_kept(claim.run):
            self._kept.add(number, replies)

    def written(self, item: GenerationItem) -> None:
        """All turns of this dialogue are there."""
        self._written.add(item.pk)
        self.go_on()

    def go_on(self) -> None:
        """Settle what is written, up to the first dialogue that is still being written."""
        waiting = self._claim.run.items.filter(state=State.WAITING).select_related("dialogue")
        while (item := waiting.order_by("position").first()) and item.pk in self._written:
            self._settle(item)

    def _settle(self, item: GenerationItem) -> None:
        dialogue = item.dialogue
        if dialogue is None:
            raise ValueError("a written dialogue has a row")
        replies = _replies(dialogue)
        twin = self._kept.near_duplicate(replies)
        with self._claim.writing():
            if twin is None:
                seal(item, dialogue)
            else:
                words = (
                    f"Its replies share about {round(100 * twin[1])} % of their 3-word sequences "
                    f"with dialogue {twin[0]:,}."
                )
                end_item(item, State.DROPPED, words, drop_reason=GenerationItem.Drop.DUPLICATE)
            live.publish(self._claim.run.topic)
        if twin is None:
            self._kept.add(dialogue.number, replies)


def seal(item: GenerationItem, dialogue: Dialogue) -> None:
    """A dialogue that is kept; within the caller's transaction."""
    Dialogue.objects.filter(pk=dialogue.pk, sealed_at=None).update(sealed_at=timezone.now())
    end_item(item, State.DONE)


def _replies(dialogue: Dialogue) -> list[str]:
    said = dialogue.turns.filter(role=Turn.Role.SUPPORTER).order_by("position")
    return list(said.values_list("text", flat=True))


def _replies_kept(run: GenerationRun) -> list[tuple[int, list[str]]]:
    """(number, replies) of the dialogues that are done, in the order of the plan."""
    turns = Turn.objects.filter(
        role=Turn.Role.SUPPORTER,
        dialogue__generation_item__run=run,
        dialogue__generation_item__state=State.DONE,
    ).order_by("dialogue__generation_item__position", "position")
    replies: dict[int, list[str]] = {}
    for number, text in turns.values_list("dialogue__number", "text"):
        replies.setdefault(number, []).append(text)
    return list(replies.items())
