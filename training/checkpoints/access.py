"""Fetch checkpoints and downloads of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from training.checkpoints.queries import checkpoints_of, fetches_of
from training.models import Checkpoint, ModelFetch
from webapp.accounts.access import Member, found_or_404


def checkpoint_for(member: Member, pk: UUID) -> Checkpoint:
    return found_or_404(checkpoints_of(member.project).filter(pk=pk).first())


def fetch_for(member: Member, pk: UUID) -> ModelFetch:
    return found_or_404(fetches_of(member.project).filter(pk=pk).first())
