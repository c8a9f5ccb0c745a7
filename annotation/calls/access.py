"""Fetch a call that a member may open; every other one answers 404."""

from uuid import UUID

from annotation.calls.queries import visible_calls
from webapp.accounts.access import Member, found_or_404
from webapp.llm.models import ModelCall


def call_for(member: Member, pk: UUID) -> ModelCall:
    return found_or_404(visible_calls(member).select_related("endpoint").filter(pk=pk).first())
