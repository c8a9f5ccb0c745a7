"""Fetch blind comparisons of a member's evaluation; whatever is not in it answers 404."""

from uuid import UUID

from training.comparisons.queries import comparisons_of
from training.models import EvaluationComparison, EvaluationRun
from webapp.accounts.access import found_or_404


def comparison_for(run: EvaluationRun, comparison_id: UUID) -> EvaluationComparison:
    return found_or_404(comparisons_of(run).filter(comparison=comparison_id).first())
