"""Whose run a worker takes: projects take turns, whoever's message comes first."""

from datetime import timedelta

import pytest
from celery import current_app
from django.db.models import F

import annotation.tasks
import training.tasks
from annotation.models import FitRun, GenerationRun, ImportRun
from tests.conftest import Cast
from tests.support.dialogues import published
from tests.support.objects import Setting
from tests.support.run_rows import generation_run, import_run
from webapp.accounts.models import Project
from webapp.ids import new_id
from webapp.runs import registry, turns
from webapp.runs import services as runs
from webapp.runs.models import Run, Status
from webapp.runs.queue import queue_of

pytestmark = pytest.mark.django_db

TASK = "annotation.work_on_fit"
# A worker finds the tasks through these.
FOUND = (annotation.tasks, training.tasks)


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that workers took, each at work from then on."""
    taken: list[str] = []

    def take(run_id: str) -> None:
        assert runs.claim(FitRun, run_id) is not None
        taken.append(run_id)

    monkeypatch.setattr(current_app.tasks[TASK], "run", take)
    return taken


def starts(cast: Cast, project: Project, count: int) -> list[str]:
    version = published(project)
    actor = cast.leads[0] if project == cast.project else cast.stranger
    return [
        str(
            runs.start(
                FitRun,
                project=project,
                actor=actor,
                key=new_id().hex,
                version=version,
                judge_name=f"J{number}",
            ).pk
        )
        for number in range(count)
    ]


def setting(cast: Cast) -> Setting:
    return Setting(cast.project, cast.leads[0])


def is_at_work(run: Run) -> None:
    type(run).objects.filter(pk=run.pk).update(status=Status.PENDING)
    assert runs.claim(type(run), run.pk) is not None


def get(message: str) -> None:
    """A worker gets this message."""
    current_app.tasks[TASK](message)


def ends(run_id: str) -> None:
    FitRun.objects.filter(pk=run_id).update(status=Status.SUCCEEDED, claim=None)


def test_a_project_with_many_runs_does_not_stop_another(
    cast: Cast, sent: list[str], worked: list[str]
) -> None:
    many = starts(cast, cast.project, 5)
    one, other = starts(cast, cast.other_project, 2)
    # The messages come in the order of the starts.
    for message in many[:4]:
        get(message)
        ends(worked[-1])
    assert worked == [many[0], one, many[1], other]


def test_the_project_for_which_fewest_work_comes_first(
    cast: Cast, sent: list[str], worked: list[str]
) -> None:
    many = starts(cast, cast.project, 3)
    get(many[0])
    one = starts(cast, cast.other_project, 1)
    get(many[1])
    assert worked == [many[0], *one]


def test_work_of_another_kind_of_the_queue_counts(
    cast: Cast, sent: list[str], worked: list[str]
) -> None:
    is_at_work(import_run(setting(cast)))
    [later] = starts(cast, cast.project, 1)
    [one] = starts(cast, cast.other_project, 1)
    get(later)
    assert worked == [one]


def test_a_turn_with_another_kind_of_the_queue_counts(
    cast: Cast, sent: list[str], worked: list[str]
) -> None:
    [first] = starts(cast, cast.project, 1)
    [one] = starts(cast, cast.other_project, 1)
    served = import_run(setting(cast))
    is_at_work(served)
    ImportRun.objects.filter(pk=served.pk).update(status=Status.SUCCEEDED, claim=None)
    get(first)
    assert worked == [one]


def test_work_in_another_queue_does_not_count(
    cast: Cast, sent: list[str], worked: list[str]
) -> None:
    assert queue_of(GenerationRun.task) != queue_of(FitRun.task)
    is_at_work(generation_run(setting(cast)))
    [first] = starts(cast, cast.project, 1)
    starts(cast, cast.other_project, 1)
    get(first)
    assert worked == [first]


def test_the_run_whose_message_was_used_is_asked_for_again(
    cast: Cast, sent: list[str], worked: list[str], django_capture_on_commit_callbacks: object
) -> None:
    many = starts(cast, cast.project, 2)
    get(many[0])
    ends(many[0])
    [one] = starts(cast, cast.other_project, 1)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        get(many[1])
    assert (worked[-1], sent) == (one, [many[1]])


def test_in_a_project_the_oldest_run_comes_first(
    cast: Cast, sent: list[str], worked: list[str]
) -> None:
    first, second = starts(cast, cast.project, 2)
    FitRun.objects.filter(pk=first).update(created_at=F("created_at") - timedelta(seconds=1))
    get(second)
    assert worked == [first]


def test_a_message_for_what_is_not_queued_any_more_is_nothing_to_do(
    cast: Cast, sent: list[str], worked: list[str]
) -> None:
    first, second = starts(cast, cast.project, 2)
    get(first)
    get(first)
    assert worked == [first]
    assert FitRun.objects.get(pk=second).status == Status.PENDING


def test_every_kind_of_run_takes_turns() -> None:
    assert all(
        isinstance(current_app.tasks[kind.model.task], turns.RunTask) for kind in registry.kinds()
    )
    assert queue_of(ImportRun.task) == queue_of(FitRun.task) == "default"


def test_the_queries_do_not_grow_with_the_runs(
    cast: Cast, sent: list[str], worked: list[str], django_assert_num_queries: object
) -> None:
    few = starts(cast, cast.project, 1) + starts(cast, cast.other_project, 1)
    waiting = turns._waiting_in("default")
    with django_assert_num_queries(2):  # type: ignore[operator]
        turns.next_of(waiting)
    starts(cast, cast.project, 4)
    waiting = turns._waiting_in("default")
    assert len(waiting) == 4 + len(few)
    with django_assert_num_queries(2):  # type: ignore[operator]
        turns.next_of(waiting)
