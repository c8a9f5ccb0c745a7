"""A worker killed in the middle of an import loses nothing and repeats nothing."""

import io
import json
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import override_settings

from annotation.corpus import work as imports
from annotation.corpus.services import import_start
from annotation.models import Dialogue, Evidence, ImportLine, ImportRun, Score, Turn
from tests.conftest import Cast
from tests.support.waiting import wait_until
from tests.support.worker import (
    LEASE_S,
    TEST_TIMEOUT_S,
    finish,
    hold_after,
    kill_after,
    start_worker,
)
from webapp.accounts.models import Project, User
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.ids import new_id
from webapp.runs import services as runs
from webapp.runs.models import Transition

LINES = 240
WORK = "tests.annotation.corpus.test_kill:work_in_small_chunks"


def work_in_small_chunks(run_id: str) -> None:
    """What the killed workers do, so that a short file has many places to die at."""
    imports.CHUNK_RECORDS = 20
    run = ImportRun.objects.get(pk=run_id)
    hold_after(run.lines.count)
    imports.work(run_id)


def _content() -> bytes:
    """EPITOME's shape, with a broken line and a repeated one among each fifty."""
    lines = []
    for n in range(LINES):
        reply = f"That sounds hard, number {n}. Who knows about it? 🌧"
        row = {
            "seeker_id": f"s{n}",
            "response_id": f"r{n if n % 50 else 0}",
            "seeker_post": f"I can not sleep, night {n}.",
            "response_post": reply,
            "levels": {"emotional_reactions": n % 3, "interpretations": 0, "explorations": 1},
            "rationales": {
                "emotional_reactions": [f"number {n}"],
                "interpretations": ["never said"],
                "explorations": ["Who knows about it?"],
            },
        }
        if n % 50 == 7:
            del row["levels"]
        if n % 50 == 8:
            row |= {"seeker_id": "s1", "response_id": "r1"}
        lines.append(json.dumps(row))
    return "\n".join(lines).encode()


def _start(project: Project, actor: User) -> ImportRun:
    file = store(
        project=project,
        kind=StoredFile.Kind.UPLOAD,
        name="posts.jsonl",
        content=io.BytesIO(_content()),
        actor=actor,
    )
    return import_start(project=project, actor=actor, file=file, format="epitome", key=new_id().hex)


def _rows(project: Project) -> dict[str, list[Any]]:
    """All that the import made, by natural keys and values."""

    def rows(model: Any, *fields: str) -> list[Any]:
        return sorted(model.objects.filter(project=project).values_list(*fields), key=repr)

    turn = "score__rating__target__turn__dialogue__source_key"
    return {
        "dialogues": rows(
            Dialogue, "number", "source_key", "emotion", "split_key", "split", "meta"
        ),
        "turns": rows(Turn, "dialogue__source_key", "position", "role", "text", "raw"),
        "scores": rows(
            Score,
            "rating__target__turn__dialogue__source_key",
            "rating__target__context_hash",
            "rating__rater__label",
            "criterion_uid",
            "criterion_hash",
            "status",
            "value",
        ),
        "evidence": rows(Evidence, turn, "score__criterion_uid", "span", "start", "end", "quote"),
        "lines": rows(ImportLine, "line", "outcome", "reason", "dialogue__source_key"),
    }


@pytest.mark.slow
@pytest.mark.timeout(TEST_TIMEOUT_S)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed_after", [[20], [60, 120, 180]])
def test_the_rows_are_those_of_an_undisturbed_import(cast: Cast, killed_after: list[int]) -> None:
    Project.objects.filter(pk=cast.other_project.pk).update(split_seed=cast.project.split_seed)
    cast.other_project.refresh_from_db()
    undisturbed = _start(cast.other_project, cast.stranger)
    imports.work(str(undisturbed.pk))

    run = _start(cast.project, cast.leads[0])
    with override_settings(RUN_LEASE_S=LEASE_S):
        for lines in killed_after:
            kill_after(WORK, run.pk, run.lines.count, lines)
            assert run.lines.count() < LINES
            run.refresh_from_db()
            assert run.status == "running"
            wait_until(lambda: runs.reap() == 1, "the lease to run out")
    finish(start_worker(WORK, run.pk))

    run.refresh_from_db()
    undisturbed.refresh_from_db()
    assert (run.status, undisturbed.status) == ("succeeded", "succeeded")
    assert run.attempt == len(killed_after) + 1
    assert _rows(cast.project) == _rows(cast.other_project)
    assert len(_rows(cast.project)["lines"]) == LINES
    taken = Transition.objects.filter(run_id=run.pk, before="running", after="pending")
    assert taken.count() == len(killed_after)
    assert default_storage.exists(run.file.path)
