"""Who may read and change the gate; the rules of other projects answer 404."""

from uuid import UUID

from rubrics.access import version_for
from rubrics.models import RubricVersion
from training.gate.queries import rules_of
from training.models import GateRule
from webapp.accounts.access import Member, found_or_404
from webapp.accounts.models import Role

# Clinicians read it: it is about their rubrics and their ratings.
EDITORS = (Role.LEAD,)
READERS = (Role.CLINICIAN, Role.LEAD)


def rule_for(member: Member, pk: UUID) -> GateRule:
    return found_or_404(rules_of(member.project).filter(pk=pk).first())


def published_for(member: Member, pk: UUID) -> RubricVersion:
    """A version with a frozen text. Raises Http404 for a draft, too."""
    version = version_for(member, pk)
    return found_or_404(version if version.spec is not None else None)
