"""Fetch rows of a member's project; whatever is not in it answers 404."""

from typing import TypeVar
from uuid import UUID

from django.http import Http404

from annotation.models import Collection, Dialogue, ImportRun, Snapshot
from webapp.accounts.access import Member
from webapp.accounts.models import Role

T = TypeVar("T")

# Who reads the corpus, its imports and its sets; who adds to it.
DATA_READERS = (Role.CLINICIAN, Role.LEAD)
DATA_WRITERS = (Role.LEAD,)


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


def _found(row: T | None) -> T:
    if row is None:
        raise Http404
    return row
