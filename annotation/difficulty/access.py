"""Fetch difficulty runs of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from annotation.difficulty.queries import runs_of
from annotation.models import DifficultyRun
from webapp.accounts.access import Member, found_or_404


def difficulty_run_for(member: Member, pk: UUID) -> DifficultyRun:
    return found_or_404(runs_of(member.project).filter(pk=pk).first())
