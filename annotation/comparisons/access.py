"""Which comparisons and judgements a person works on; 404 for everybody else's."""

from uuid import UUID

from django.http import Http404

from annotation.models import Comparison, ComparisonRater, PairJudgement
from webapp.accounts.access import Member


def comparison_to_judge(member: Member, comparison_id: UUID) -> Comparison:
    """A comparison that this person has a place in; 404 for every other one."""
    place = (
        ComparisonRater.objects.filter(
            project=member.project, user=member.user, comparison_id=comparison_id
        )
        .select_related("comparison__project")
        .first()
    )
    if place is None:
        raise Http404
    return place.comparison


def own_judgement(member: Member, judgement_id: UUID) -> PairJudgement:
    """A judgement of this person; 404 for everybody else's."""
    found = (
        PairJudgement.objects.filter(
            project=member.project, pk=judgement_id, rater__user=member.user
        )
        .select_related(
            "rater__user",
            "pair__comparison__project",
            "pair__prompt__turn__dialogue",
            "pair__first",
            "pair__second",
        )
        .first()
    )
    if found is None:
        raise Http404
    return found
