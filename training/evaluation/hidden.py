"""What a person may not see of an evaluation yet (annotation.ratings.blindness)."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from annotation.calls import registry
from annotation.models import Target
from annotation.ratings import blindness
from annotation.ratings.blindness import hidden_targets
from training.models import Answer, EvaluationRun
from webapp.accounts.access import Member


def register() -> None:
    blindness.register_replies(replies_in_place)
    registry.register(hidden_answers)


def replies_in_place(targets: QuerySet[Target, UUID]) -> QuerySet[Answer, Any]:
    """Targets of the answers in the place of one of these."""
    answers = Answer.objects.filter(prompt__in=targets, target__isnull=False)
    return answers.order_by().values_list("target_id")


def hidden_positions(run: EvaluationRun, member: Member) -> set[int]:
    """The prompts whose turn this person is blind to, and those where one of the answers is such
    a text."""
    if not hidden_targets(member.user, member.project).exists():
        return set()
    answers = _blind(Answer.objects.filter(system__run=run), member)
    return set(answers.values_list("position", flat=True))


def hidden_answers(member: Member) -> Q:
    """The calls that wrote such answers, in whichever evaluation."""
    answers = _blind(Answer.objects.filter(project=member.project), member)
    return Q(made_for__in=answers.values("pk"))


def _blind(answers: QuerySet[Answer], member: Member) -> QuerySet[Answer]:
    hidden = hidden_targets(member.user, member.project)
    return answers.filter(Q(prompt__in=hidden) | Q(target__in=hidden)).order_by()
