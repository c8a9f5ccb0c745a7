"""Fetch rows of a member's project; whatever is not in it answers 404."""

from typing import TypeVar
from uuid import UUID

from django.http import Http404

from annotation.models import (
    Collection,
    Dialogue,
    FitRun,
    GenerationRun,
    ImportRun,
    JudgeRun,
    Snapshot,
)
from annotation.queries.calls import visible_calls
from rubrics.models import Judge, RubricVersion
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.llm.models import Endpoint, ModelCall

T = TypeVar("T")

# Who reads the corpus, its imports and its sets; who adds to it.
DATA_READERS = (Role.CLINICIAN, Role.LEAD)
DATA_WRITERS = (Role.LEAD,)
# Who starts generations, fits and judge runs; who reads what judges gave.
RUN_STARTERS = (Role.LEAD,)
JUDGING_READERS = (Role.CLINICIAN, Role.LEAD)
# Who opens what models were asked; what they are still blind to is not there for them.
CALL_READERS = (Role.CLINICIAN, Role.LEAD)


def dialogue_for(member: Member, pk: UUID) -> Dialogue:
    row = Dialogue.objects.filter(project=member.project, pk=pk).select_related("profile").first()
    return _found(row)


def import_run_for(member: Member, pk: UUID) -> ImportRun:
    rows = ImportRun.objects.filter(project=member.project, pk=pk)
    return _found(rows.select_related("project", "file", "collection", "created_by").first())


def collection_for(member: Member, pk: UUID) -> Collection:
    rows = Collection.objects.filter(project=member.project, pk=pk)
    return _found(rows.select_related("project", "created_by").first())


def snapshot_for(member: Member, pk: UUID) -> Snapshot:
    rows = Snapshot.objects.filter(project=member.project, pk=pk)
    return _found(rows.select_related("collection", "created_by").first())


def generation_run_for(member: Member, pk: UUID) -> GenerationRun:
    rows = GenerationRun.objects.filter(project=member.project, pk=pk)
    return _found(
        rows.select_related("project", "supporter", "simulator", "collection", "created_by").first()
    )


def judge_run_for(member: Member, pk: UUID) -> JudgeRun:
    rows = JudgeRun.objects.filter(project=member.project, pk=pk)
    return _found(
        rows.select_related(
            "project", "judge", "spec", "version__rubric", "snapshot__collection", "created_by"
        ).first()
    )


def fit_run_for(member: Member, pk: UUID) -> FitRun:
    rows = FitRun.objects.filter(project=member.project, pk=pk)
    return _found(
        rows.select_related(
            "project", "judge", "version__rubric", "version__spec", "created_by"
        ).first()
    )


def call_for(member: Member, pk: UUID) -> ModelCall:
    return _found(visible_calls(member).select_related("endpoint").filter(pk=pk).first())


def judge_for(member: Member, pk: UUID) -> Judge:
    return _found(Judge.objects.filter(project=member.project, pk=pk).first())


def endpoint_for(member: Member, pk: UUID) -> Endpoint:
    """An endpoint that runs may be started with."""
    rows = Endpoint.objects.filter(project=member.project, archived_at=None)
    return _found(rows.filter(pk=pk).first())


def published_for(member: Member, pk: UUID) -> RubricVersion:
    rows = RubricVersion.objects.filter(
        project=member.project, status=RubricVersion.Status.PUBLISHED
    )
    return _found(rows.select_related("spec", "rubric").filter(pk=pk).first())


def _found(row: T | None) -> T:
    if row is None:
        raise Http404
    return row
