"""What a person may not see of a difficulty run yet (annotation.ratings.blindness)."""

from uuid import UUID

from django.db.models import Q, QuerySet

from annotation.models import DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.ratings.blindness import hidden_targets
from webapp.accounts.access import Member


def hidden_prompts(run: DifficultyRun, member: Member) -> set[UUID]:
    """The prompts of a run that this person may not see yet."""
    if not hidden_targets(member.user, member.project).exists():
        return set()
    return set(hidden_in(run.prompts.all(), member))


def hidden_in(
    prompts: QuerySet[DifficultyPrompt], member: Member
) -> QuerySet[DifficultyPrompt, UUID]:
    """Ids of those whose turn this person is blind to, and of those where one of the replies is
    such a text."""
    hidden = hidden_targets(member.user, member.project)
    by_words = DifficultyReply.objects.filter(project=member.project, target__in=hidden)
    return (
        prompts.filter(Q(target__in=hidden) | Q(pk__in=by_words.order_by().values("prompt")))
        .order_by()
        .values_list("pk", flat=True)
    )
