"""What needs a person now, read from every app: home is a top layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from annotation.adjudication.queries import progress_of_queues
from annotation.comparisons.queries import waiting_comparisons
from annotation.models import Dialogue, JudgeRun, Queue
from annotation.queues.queries import open_concerns, queues_of
from annotation.queues.waiting import waiting_queues
from annotation.ratings.labels import title_of
from rubrics.models import RubricVersion
from training.models import TrainingRun
from webapp.accounts.access import Member
from webapp.accounts.models import Membership, ProjectRow
from webapp.home.rubric_todos import rubric_todos
from webapp.home.todo import Todo, quantity
from webapp.runs import registry
from webapp.runs.models import Run, Status
from webapp.ui import number

RUNS_SHOWN = 12
QUEUES_SHOWN = 8
CONCERNS_SHOWN = 5
CONCERN_CHARS = 200
LATELY = timedelta(hours=24)
FAILED_SINCE = timedelta(days=14)


@dataclass(frozen=True)
class RunRow:
    """A run as the table of the home page shows it."""

    run: Run
    url: str
    done: int
    total: int | None
    has_progress: bool
    # Whether it finished and left something out that can be tried again.
    is_partly: bool

    @property
    def rate(self) -> float | None:
        """Units a minute since the start."""
        if self.run.started_at is None or self.run.is_ended or not self.done:
            return None
        minutes = (timezone.now() - self.run.started_at).total_seconds() / 60
        return self.done / minutes if minutes > 0 else None

    @property
    def left(self) -> timedelta | None:
        if not self.rate or self.total is None:
            return None
        return timedelta(minutes=max(self.total - self.done, 0) / self.rate)

    @property
    def took(self) -> timedelta | None:
        if self.run.started_at is None or self.run.ended_at is None:
            return None
        return self.run.ended_at - self.run.started_at


def runs_of(member: Member) -> list[RunRow]:
    """Runs that wait, work or ended within a day, of the kinds that the member may watch."""
    now = timezone.now()
    found: list[Run] = []
    for kind in _watched(member):
        runs = kind.model.objects.filter(
            Q(status__in=[Status.PENDING, Status.RUNNING]) | Q(ended_at__gt=now - LATELY),
            project=member.project,
        ).order_by("-created_at")[:RUNS_SHOWN]
        found += runs
    found.sort(key=lambda run: (run.is_ended, -run.created_at.timestamp()))
    shown = found[:RUNS_SHOWN]
    rows = {row.run.pk: row for kind in _watched(member) for row in _rows(kind, shown)}
    return [rows[run.pk] for run in shown]


def _rows(kind: registry.Kind, shown: Sequence[Run]) -> list[RunRow]:
    """The rows of one kind, asked about together."""
    runs = [run for run in shown if run.kind == kind.model.kind]
    finished = [run for run in runs if run.status == Status.SUCCEEDED]
    progress = kind.progress(runs) if kind.progress and runs else {}
    left_out = kind.left_out(finished) if kind.left_out and finished else ()
    return [
        RunRow(
            run,
            kind.url(run),
            *progress.get(run.pk, (0, None)),
            has_progress=kind.progress is not None,
            is_partly=run.pk in left_out,
        )
        for run in runs
    ]


def _watched(member: Member) -> list[registry.Kind]:
    return [kind for kind in registry.kinds() if kind.is_listed and member.has(*kind.readers)]


def waiting_for(member: Member) -> list[Todo]:
    """What waits for this person, most pressing first."""
    todo: list[Todo] = []
    if member.is_lead:
        todo += concerns(member)
        todo += failed_runs(member)
    todo += open_queues(member)
    todo += open_comparisons(member)
    if member.is_clinician or member.is_lead:
        todo += adjudications(member)
        todo += rubric_todos(member)
    return todo


def queues_under_way(member: Member) -> list[Queue]:
    """Open queues with how far they are, for the lead."""
    return list(queues_of(member.project).filter(closed_at=None)[:QUEUES_SHOWN])


def concerns(member: Member) -> list[Todo]:
    """What raters reported about items and nobody has handled yet."""
    found, hidden = open_concerns(member)
    todo = [
        Todo(
            "warn",
            f"{row.rater} reported a concern about {title_of(row.item.target)}",
            Truncator(row.flag_reason).chars(CONCERN_CHARS),
            f"{_page('queue', member, queue_id=row.item.queue_id)}#concerns",
            "Read it",
            is_urgent=True,
        )
        for row in found[:CONCERNS_SHOWN]
    ]
    if hidden:
        title = f"{quantity(hidden, 'concern')} about items that you still rate"
        text = "You can read them once you have rated these items."
        todo.append(Todo("warn", title, text, _page("queues", member), "Queues", is_urgent=True))
    return todo


def failed_runs(member: Member) -> list[Todo]:
    since = timezone.now() - FAILED_SINCE
    found = []
    for kind in _watched(member):
        runs = kind.model.objects.filter(
            project=member.project, status=Status.FAILED, ended_at__gt=since
        )
        for run in runs.order_by("-ended_at")[:3]:
            url = kind.url(run)
            found.append(
                Todo("warn", f"{run} failed", run.error, url, "See what happened", is_urgent=True)
            )
    return found


def open_queues(member: Member) -> list[Todo]:
    """Queues with items that wait for this rater."""
    found = []
    for waiting in waiting_queues(member):
        if waiting.free:
            where = {"project_id": member.project.pk, "queue_id": waiting.queue.pk}
            title = f"{quantity(waiting.free, 'item')} to rate in “{waiting.queue.name}”"
            version = waiting.queue.version
            text = (
                f"With {version.rubric} version {version.number}. You have rated "
                f"{number(waiting.rated)} so far. You see other people’s scores only after "
                "you submit yours."
            )
            url = reverse("desk_next", kwargs=where)
            found.append(Todo("desk", title, text, url, "Rate", is_posted=True))
    return found


def open_comparisons(member: Member) -> list[Todo]:
    """Blind comparisons with pairs that wait for this person."""
    found = []
    for waiting in waiting_comparisons(member):
        if waiting.free:
            where = {"project_id": member.project.pk, "comparison_id": waiting.comparison.pk}
            title = f"{quantity(waiting.free, 'pair')} to judge in “{waiting.comparison.name}”"
            text = f"Two replies side by side. You have judged {number(waiting.judged)} so far."
            url = reverse("pair_next", kwargs=where)
            found.append(Todo("desk", title, text, url, "Judge", is_posted=True))
    return found


def adjudications(member: Member) -> list[Todo]:
    """Queues with items that this person can settle."""
    found = []
    for row in progress_of_queues(member):
        if row.free:
            where = {"project_id": member.project.pk, "queue_id": row.queue.pk}
            title = f"{quantity(row.free, 'item')} to settle in “{row.queue.name}”"
            text = "Raters are far apart on a criterion, or somebody reported a concern."
            url = reverse("adjudication_queue", kwargs=where)
            found.append(Todo("adjudication", title, text, url, "Settle"))
    return found


def first_steps(member: Member) -> list[Todo]:
    """What a new project needs, in this order; without what it has. Clinicians write rubrics, and
    leads do all of it."""
    project = member.project
    if project.archived_at is not None:
        return []
    published = RubricVersion.objects.filter(project=project, status=RubricVersion.Status.PUBLISHED)
    members = Membership.objects.filter(project=project).values("user").distinct()
    needed = []
    if member.is_lead and not Dialogue.objects.filter(project=project).exists():
        needed.append("import")
    if (member.is_lead or member.is_clinician) and not published.exists():
        needed.append("rubric")
    if member.is_lead and not Queue.objects.filter(project=project).exists():
        needed.append("queue")
    if member.is_lead and members.count() < 2:
        needed.append("people")
    return [_first_step(name, member) for name in needed]


def _first_step(name: str, member: Member) -> Todo:
    steps = {
        "import": Todo(
            "import",
            "No dialogues yet",
            "Import KardiaBench, EPITOME or ESConv, or generate dialogues from profiles.",
            _page("import_new", member),
            "Import",
        ),
        "rubric": Todo(
            "rubric",
            "No published rubric yet",
            "Rating, judging and training all need a published version.",
            _page("rubrics", member),
            "Write one",
        ),
        "queue": Todo(
            "desk",
            "No queue yet",
            "A queue gives the items of a set to annotators. They rate without seeing each "
            "other’s scores.",
            _page("queue_new", member),
            "Create a queue",
        ),
        "people": Todo(
            "people",
            "You are the only member",
            "Invite clinicians to write rubrics and annotators to rate. You send them a link.",
            _page("members", member),
            "Invite",
        ),
    }
    return steps[name]


def next_steps(member: Member) -> list[Todo]:
    """Stations of the road that the project has not reached, for a lead who has nothing else to
    do; in the order of docs/road.md."""
    project = member.project
    steps: list[tuple[type[ProjectRow], Todo]] = [
        (
            JudgeRun,
            Todo(
                "judge",
                "No judge has scored anything yet",
                "A judge scores a whole set. You can compare its scores with people’s.",
                _page("judge_run_new", member),
                "Set up a judge run",
            ),
        ),
        (
            TrainingRun,
            Todo(
                "training",
                "No model has been trained yet",
                "Training makes replies with higher rubric scores more likely.",
                _page("training_new", member),
                "Set up a training run",
            ),
        ),
    ]
    return [
        step for model, step in steps if not model._default_manager.filter(project=project).exists()
    ]


def _page(name: str, member: Member, **arguments: object) -> str:
    return reverse(name, kwargs={"project_id": member.project.pk, **arguments})
