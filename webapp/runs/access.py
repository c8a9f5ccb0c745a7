"""Fetch runs of a member's project; whatever is not in it answers 404."""

from uuid import UUID

from django.db.models import Value

from webapp.accounts.access import Member, found_or_404
from webapp.runs import registry
from webapp.runs.models import Run


def run_for(member: Member, kind: registry.Kind, pk: UUID) -> Run:
    rows = kind.model.objects.filter(project=member.project, pk=pk)
    if kind.is_personal:
        rows = rows.filter(created_by=member.user)
    return found_or_404(rows.select_related("project").first())


def find_run(member: Member, pk: UUID) -> tuple[registry.Kind, Run]:
    """The run with its kind, whatever kind it is of."""
    first, *others = [
        kind.model.objects.filter(project=member.project, pk=pk).values_list(Value(kind.model.kind))
        for kind in registry.kinds()
    ]
    (name,) = found_or_404(next(iter(first.union(*others, all=True)), None))
    kind = registry.find(name)
    return kind, run_for(member, kind, pk)
