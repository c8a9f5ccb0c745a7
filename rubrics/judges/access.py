"""Who sees and makes judges; a judge that is not in the project answers 404."""

from uuid import UUID

from rubrics.models import Judge
from webapp.accounts.access import Member, found_or_404
from webapp.accounts.models import Role

READERS = (Role.CLINICIAN, Role.LEAD)
MAKERS = (Role.LEAD,)


def judge_for(member: Member, pk: UUID) -> Judge:
    return found_or_404(Judge.objects.filter(project=member.project, pk=pk).first())
