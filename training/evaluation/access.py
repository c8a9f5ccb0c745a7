"""Fetch evaluations of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from training.evaluation.queries import evaluations_of
from training.models import EvaluationRun
from webapp.accounts.access import Member, found_or_404


def evaluation_for(member: Member, pk: UUID) -> EvaluationRun:
    return found_or_404(evaluations_of(member.project).filter(pk=pk).first())
