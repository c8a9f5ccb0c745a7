"""What the pages of checkpoints show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import PROTECT, ManyToOneRel, Model, Q, QuerySet, Sum
from django.utils import timezone

from training.checkpoints.contents import Contents, inspect
from training.models import Checkpoint, EvaluationRun, FetchFile, ModelFetch
from training.paths import weights_of
from training.small.models import MODELS, SmallModel
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.llm.models import Endpoint
from webapp.runs.models import ENDED, Status
from webapp.runs.progress import Progress, progress_of

# Of each kind of row that points to a checkpoint.
NAMED = 3
# How long the list of models shows a download that failed or was stopped.
ENDED_SHOWN = timedelta(days=7)


@dataclass(frozen=True)
class Details:
    """A checkpoint as its page shows it. `contents` is None where its files can't be used, and
    `problem` then says why."""

    contents: Contents | None
    problem: str
    uses: list[str]


@dataclass(frozen=True)
class FetchState:
    """A download as its page shows it: bytes, counted from its files."""

    files: list[FetchFile]
    progress: Progress

    @property
    def is_checked(self) -> bool:
        """Whether all bytes are here; of a package's file, whether they were compared."""
        return bool(self.progress.total) and self.progress.done == self.progress.total


def checkpoints_of(project: Project) -> QuerySet[Checkpoint]:
    """The newest first, each with its run and its endpoint."""
    return (
        Checkpoint.objects.filter(project=project)
        .select_related("project", "run", "endpoint", "created_by")
        .order_by("-number")
    )


def small_models_of(project: Project) -> set[str]:
    """What the small language models of the project are made of (`SmallModel.source`)."""
    rows = Checkpoint.objects.filter(project=project, origin=Checkpoint.Origin.PACKAGE)
    return set(rows.values_list("source", flat=True))


def offered_small_models(project: Project) -> list[SmallModel]:
    """Those that a lead can still ask for: neither there nor on their way."""
    there = small_models_of(project)
    under_way = set(small_models_under_way(project).values_list("revision", flat=True))
    return [
        model
        for model in MODELS.values()
        if model.source not in there and model.revision not in under_way
    ]


def small_models_under_way(project: Project) -> QuerySet[ModelFetch]:
    rows = ModelFetch.objects.filter(project=project, source=ModelFetch.Source.PACKAGE)
    return rows.exclude(status__in=ENDED)


def fetches_of(project: Project) -> QuerySet[ModelFetch]:
    return (
        ModelFetch.objects.filter(project=project)
        .select_related("project", "checkpoint", "created_by")
        .annotate(bytes_received=Sum("files__received"), bytes_total=Sum("files__size"))
        .order_by("-number")
    )


def unfinished_fetches_of(project: Project) -> QuerySet[ModelFetch]:
    """Downloads without a checkpoint yet: those under way, and those that ended lately."""
    lately = timezone.now() - ENDED_SHOWN
    rows = fetches_of(project).exclude(status=Status.SUCCEEDED)
    return rows.filter(Q(ended_at=None) | Q(ended_at__gt=lately))


def require_can_go_on(run: ModelFetch) -> None:
    """Raises Refused for a download that would fail again."""
    if not run.can_go_on:
        raise Refused(
            f"{run.name} can’t be added this way: {run.error} Remove this entry, or add another "
            "model.",
            code="not_resumable",
        )


def bytes_of(runs: Sequence[ModelFetch]) -> dict[UUID, tuple[int, int | None]]:
    """(bytes that are here, bytes in all) of each download; None in all until the hub has listed
    the files."""
    files = FetchFile.objects.filter(run__in=runs).order_by().values("run")
    summed = files.annotate(here=Sum("received"), all=Sum("size"))
    found = {row["run"]: (row["here"] or 0, row["all"]) for row in summed}
    return {run.pk: found.get(run.pk, (0, None)) for run in runs}


def fetch_state(run: ModelFetch) -> FetchState:
    done, total = bytes_of([run])[run.pk]
    return FetchState(list(run.files.all()), progress_of(run, done=done, total=total))


def details_of(checkpoint: Checkpoint) -> Details:
    contents, problem = None, ""
    folder = weights_of(checkpoint)
    try:
        contents = inspect(folder)
    except Refused as refusal:
        problem = str(refusal)
    except OSError:
        problem = "Its files are not on this server any more."
    return Details(contents, problem, uses_of(checkpoint))


def uses_of(checkpoint: Checkpoint) -> list[str]:
    """What points to a checkpoint and needs it, in words; empty where it can be deleted. Rows of
    every table with such a link are found, whichever feature they belong to."""
    uses = [name for model in _links() for name in _names(checkpoint, *model)]
    if checkpoint.run is not None and checkpoint.run.status not in ENDED:
        uses.append(f"{checkpoint.run} (still under way)")
    for run in ModelFetch.objects.filter(checkpoint=checkpoint).exclude(status__in=ENDED):
        uses.append(f"{run} (still under way)")
    endpoint: Endpoint | None = checkpoint.endpoint
    if endpoint is not None and endpoint.archived_at is None:
        uses.append(f"the endpoint “{endpoint}”")
    # An evaluation that has begun still asks an endpoint that was archived meanwhile.
    if endpoint is not None:
        measured = EvaluationRun.objects.filter(systems__endpoint=endpoint)
        uses += [f"{run} (still under way)" for run in measured.exclude(status__in=ENDED)]
    return uses


def _links() -> list[tuple[type[Model], str]]:
    """(model, name of its link) of the tables whose rows keep a checkpoint from deletion."""
    return [
        (relation.related_model, relation.field.name)
        for relation in Checkpoint._meta.get_fields(include_hidden=True)
        if isinstance(relation, ManyToOneRel) and relation.on_delete is PROTECT
    ]


def _names(checkpoint: Checkpoint, model: type[Model], link: str) -> list[str]:
    rows = model._default_manager.filter(**{link: checkpoint}).order_by("pk")
    names = [str(row) for row in rows[:NAMED]]
    more = rows.count() - len(names)
    return [*names, f"{more} more"] if more > 0 else names
