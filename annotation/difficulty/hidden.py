"""What a person may not see of a difficulty run yet (annotation.ratings.blindness)."""

from uuid import UUID

from annotation.models import DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.ratings.blindness import copies_of, hidden_targets
from webapp.accounts.access import Member


def hidden_prompts(run: DifficultyRun, member: Member) -> set[UUID]:
    """The prompts whose turn this person still has to rate, and those where a reply says word for
    word what such a turn says."""
    hidden = hidden_targets(member.user, member.project)
    if not hidden.exists():
        return set()
    by_place = DifficultyPrompt.objects.filter(run=run, target__in=hidden)
    copies = copies_of(hidden).filter(project=run.project).values("pk")
    by_words = DifficultyReply.objects.filter(prompt__run=run, target__in=copies)
    return {
        *by_place.values_list("pk", flat=True),
        *by_words.values_list("prompt_id", flat=True),
    }
