"""What a person may not see of an evaluation yet (annotation.ratings.blindness)."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from annotation.calls import registry
from annotation.models import Target
from annotation.ratings.blindness import copies_of, hidden_targets
from rubrics.models import JudgeCall
from training.models import Answer, EvaluationRun
from webapp.accounts.access import Member


def register() -> None:
    registry.register(hidden_answers)
    registry.register(hidden_judge_calls)


def hidden_positions(run: EvaluationRun, member: Member) -> set[int]:
    """The prompts whose turn this person still has to rate or to judge in a blind comparison, and
    those where an answer is such a text or says word for word what one says."""
    hidden = hidden_targets(member.user, member.project)
    if not hidden.exists():
        return set()
    answers = _blind(Answer.objects.filter(system__run=run), hidden)
    return set(answers.values_list("position", flat=True))


def hidden_answers(member: Member) -> QuerySet[Any]:
    """Ids of the project's answers at such prompts, in whichever evaluation."""
    hidden = hidden_targets(member.user, member.project)
    answers = Answer.objects.filter(project=member.project)
    return _blind(answers, hidden).values("pk")


def hidden_judge_calls(member: Member) -> QuerySet[Any]:
    """Ids of what judges gave to such answers. A judge's call names the text it is about by its
    hash."""
    hidden = hidden_targets(member.user, member.project)
    answers = _blind(Answer.objects.filter(project=member.project, target__isnull=False), hidden)
    calls = JudgeCall.objects.filter(project=member.project)
    return calls.filter(context_hash__in=answers.values("target__context_hash")).values("pk")


def _blind(answers: QuerySet[Answer], hidden: QuerySet[Target, UUID]) -> QuerySet[Answer]:
    texts = answers.order_by().values("target")
    copies = copies_of(hidden).filter(pk__in=texts).values("pk")
    return answers.filter(
        Q(prompt__in=hidden) | Q(target__in=hidden) | Q(target__in=copies)
    ).order_by()
