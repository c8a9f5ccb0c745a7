"""Fetch rows of a member's project; whatever is not in it answers 404."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404

from annotation.models import Collection
from rubrics.models import Judge, RubricVersion
from training.models import TrainingRun
from training.queries.runs import runs_of
from webapp.accounts.access import Member
from webapp.accounts.models import Role

T = TypeVar("T", bound=Model)

# Who trains, and who watches it.
TRAINERS = (Role.LEAD,)


def run_for(member: Member, pk: UUID) -> TrainingRun:
    return _found(runs_of(member.project), pk)


def collection_for(member: Member, pk: UUID) -> Collection:
    return _found(Collection.objects.filter(project=member.project).select_related("project"), pk)


def version_for(member: Member, pk: UUID) -> RubricVersion:
    rows = RubricVersion.objects.filter(project=member.project).select_related("rubric", "spec")
    return _found(rows, pk)


def judge_for(member: Member, pk: UUID) -> Judge:
    return _found(Judge.objects.filter(project=member.project).select_related("endpoint"), pk)


def _found(rows: QuerySet[T], pk: UUID) -> T:
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
