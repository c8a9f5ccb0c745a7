"""Exports that are started, worked on as a worker would, and read again."""

import csv
import io
import json
from typing import Any

from annotation.exports import registry, work
from annotation.exports.columns import Row
from annotation.exports.services import export_start, select
from annotation.models import ExportRun
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.desk import Desk
from webapp.accounts.models import User
from webapp.files.services import open_file
from webapp.ids import new_id
from webapp.llm.models import Endpoint


def started(
    cast: Cast, user: User, table: str, format: str = "jsonl", key: str = "", **filters: str
) -> ExportRun:
    return export_start(
        member=cast.member(user),
        key=key or new_id().hex,
        table=table,
        format=format,
        filters=filters,
    )


def exported(
    cast: Cast, user: User, table: str, format: str = "jsonl", **filters: str
) -> ExportRun:
    """An export that a worker has finished. The test needs a database with real transactions."""
    run = started(cast, user, table, format, **filters)
    work.work(str(run.pk))
    run.refresh_from_db()
    return run


def rows_for(cast: Cast, user: User, table: str, **filters: str) -> list[tuple[str, Row]]:
    """(split, row) of all that this person would export, read in the test's transaction."""
    selection = select(registry.find(table), cast.member(user), filters)
    return [row for chunk in selection.chunks() for row in chunk.rows]


def content_of(run: ExportRun) -> bytes:
    assert run.file is not None, run.error
    with open_file(run.file) as content:
        return content.read()


def lines_of(run: ExportRun) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in content_of(run).decode().splitlines()]


def cells_of(run: ExportRun) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content_of(run).decode(), newline="")))


def judge_of(at_desk: Desk) -> Judge:
    project = at_desk.cast.project
    endpoint = Endpoint.objects.create(
        project=project, name="E", base_url="http://127.0.0.1:9/v1", model="m"
    )
    return Judge.objects.create(
        project=project, name="Strict", version=2, kind="llm", endpoint=endpoint, hash="h"
    )
