"""What the pages of judges, judge runs and fits show."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from annotation.judge_runs.basis import TEACHERS, Basis, basis_from
from annotation.models import FitRun, FitSource, JudgeItem, JudgeRun, Rater, Rating, Score
from annotation.models.corpus import Split
from annotation.ratings.blindness import hidden_targets
from annotation.ratings.labels import shown_text
from rubrics.core.spec import CriterionSpec, RubricSpec, from_json, total
from rubrics.core.spec import Outcome as ScoreOutcome
from rubrics.models import Judge, Spec
from webapp.accounts.access import Member
from webapp.accounts.models import Project
from webapp.llm.models import Endpoint
from webapp.llm.usage import Usage, usage_of_run
from webapp.runs.progress import Progress, ended_of_each, progress_of
from webapp.text import listed

LATEST = 12
# What the text of a row is read from.
_TEXTS = ("target__turn__dialogue", "target__dialogue")


@dataclass(frozen=True)
class Bar:
    """How many texts got a level; `width` is in percent of the widest bar."""

    level: int
    label: str
    n: int
    width: int


@dataclass
class CriterionColumn:
    criterion: CriterionSpec
    bars: list[Bar] = field(default_factory=list)
    n: int = 0
    mean: float | None = None
    unscored: int = 0
    reason: str = ""

    @property
    def low(self) -> int:
        return min(self.criterion.level_values)

    @property
    def high(self) -> int:
        return max(self.criterion.level_values)


@dataclass(frozen=True)
class ScoredRow:
    item: JudgeItem
    cells: list[Score | None]
    total: float | None
    text: str
    # Why the total is 0 or less; empty where it is more.
    why_zero: str = ""
    # Criteria with what the judge wrote about them.
    words: Sequence[tuple[CriterionSpec, Score]] = ()


@dataclass(frozen=True)
class FitState:
    """What a fit's page says beyond the run: whose ratings, which criteria they taught, and what
    they are worth; `basis` is None where that was not kept."""

    taught_by: str
    criteria: list[str]
    basis: Basis | None


@dataclass(frozen=True)
class ListedJudge:
    """A judge in the list, and its `fit`. `warnings` say what to know of that; `is_small`: that it
    stands on few ratings or items."""

    judge: Judge
    taught_by: str
    fit: FitRun | None
    warnings: Sequence[str]
    is_small: bool


@dataclass(frozen=True)
class JudgingState:
    run: JudgeRun
    progress: Progress
    spec: RubricSpec
    judged: int
    reused: int
    failed: int
    # Texts that this person still has to rate: their scores are left out of all that follows.
    hidden: int
    columns: list[CriterionColumn]
    latest: list[ScoredRow]
    failures: list[ScoredRow]
    usage: Usage
    # Endpoints that a worker leaves alone for now.
    paused: list[Endpoint]

    @property
    def scored(self) -> int:
        return self.judged + self.reused

    @property
    def has_scores(self) -> bool:
        return any(column.n for column in self.columns)


def taught_by(judge: Judge) -> str:
    """Whose ratings a learned judge was fitted on: “people and synthetic levels”."""
    kinds = judge.provenance.get("rater_kinds", [])
    return listed(TEACHERS[Rater.Kind(kind)] for kind in kinds)


def judge_runs_of(project: Project) -> QuerySet[JudgeRun]:
    states = JudgeItem.State
    judged = Q(items__state__in=(states.DONE, states.REUSED))
    return (
        JudgeRun.objects.filter(project=project)
        .select_related(
            "created_by", "judge", "spec", "version__rubric", "snapshot__collection", "project"
        )
        .defer("spec__content", "version__draft")
        .annotate(
            planned=Count("items"),
            done=Count("items", filter=~Q(items__state=states.WAITING)),
            judged=Count("items", filter=judged),
            failed=Count("items", filter=Q(items__state=states.FAILED)),
        )
        .order_by("-number")
    )


def fit_runs_of(member: Member) -> QuerySet[FitRun]:
    """With `is_blind`: whether this member still rates a text that the fit learned from."""
    return (
        FitRun.objects.filter(project=member.project)
        .select_related("created_by", "judge", "version__rubric", "project")
        .annotate(is_blind=_learned_from_hidden(member))
        .order_by("-number")
    )


def _learned_from_hidden(member: Member) -> Exists:
    hidden = hidden_targets(member.user, member.project)
    return Exists(FitSource.objects.filter(run=OuterRef("pk"), target__in=hidden))


def basis_of(run: FitRun) -> Basis | None:
    """What a fit of `fit_runs_of` stands on, as the member may see it."""
    return basis_from(run.basis, is_hidden=run.is_blind)  # type: ignore[attr-defined]


def listed_judges(member: Member, judges: Sequence[Judge]) -> list[ListedJudge]:
    # Later versions of a judge have the artefact of the one that was fitted.
    artefacts = [judge.artefact_id for judge in judges if judge.artefact_id]
    fits = fit_runs_of(member).filter(judge__artefact__in=artefacts)
    by_artefact = {fit.judge.artefact_id: fit for fit in fits if fit.judge}
    return [_listed(judge, by_artefact.get(judge.artefact_id)) for judge in judges]


def _listed(judge: Judge, fit: FitRun | None) -> ListedJudge:
    basis = basis_of(fit) if fit else None
    return ListedJudge(
        judge,
        taught_by(judge),
        fit,
        warnings=basis.warnings if basis else (),
        is_small=basis is not None and basis.is_small,
    )


def warnings_of(judge: Judge, member: Member) -> Sequence[str]:
    """What a reader of this judge's scores has to know of its fit."""
    if judge.kind != Judge.Kind.LEARNED:
        return ()
    fit = fit_runs_of(member).filter(judge__artefact=judge.artefact_id).first()
    basis = basis_of(fit) if fit else None
    return basis.warnings if basis else ()


def fit_state_of(run: FitRun, member: Member) -> FitState:
    spec = run.version.spec
    fitted_on = run.judge.fitted_on if run.judge else {}
    is_hidden = FitRun.objects.filter(_learned_from_hidden(member), pk=run.pk).exists()
    return FitState(
        taught_by=taught_by(run.judge) if run.judge else "",
        criteria=[c.name for c in from_json(spec.content).criteria if c.uid in fitted_on]
        if spec
        else [],
        basis=basis_from(run.basis, is_hidden=is_hidden),
    )


def counts(runs: Sequence[JudgeRun]) -> dict[UUID, tuple[int, int]]:
    """(targets ended, targets in all) of each run"""
    return ended_of_each(runs, JudgeItem.objects.all(), waiting=JudgeItem.State.WAITING)


def failed_among(runs: Sequence[JudgeRun]) -> set[UUID]:
    """The runs with a text that has no score: one that goes on judges it again."""
    failed = JudgeItem.objects.filter(run__in=runs, state=JudgeItem.State.FAILED)
    return set(failed.order_by().values_list("run", flat=True).distinct())


def scored_items(run: JudgeRun, member: Member) -> QuerySet[JudgeItem]:
    """The items whose scores this person may see (DECISIONS 10)."""
    return run.items.exclude(rating=None).exclude(
        target__in=hidden_targets(member.user, member.project)
    )


def state_of(run: JudgeRun, member: Member) -> JudgingState:
    spec = from_json(run.spec.content)
    by_state = dict(run.items.order_by().values_list("state").annotate(n=Count("pk")))
    planned = sum(by_state.values())
    waiting = by_state.get(JudgeItem.State.WAITING, 0)
    judged, reused = (by_state.get(s, 0) for s in (JudgeItem.State.DONE, JudgeItem.State.REUSED))
    seen = scored_items(run, member)
    return JudgingState(
        run=run,
        progress=progress_of(
            run,
            done=planned - waiting,
            total=planned,
            done_since=lambda began: (
                run.items.filter(ended_at__gte=began).exclude(state=JudgeItem.State.REUSED).count()
            ),
        ),
        spec=spec,
        judged=judged,
        reused=reused,
        failed=by_state.get(JudgeItem.State.FAILED, 0),
        hidden=judged + reused - seen.count(),
        columns=_columns(seen, spec),
        latest=_latest(seen, spec),
        failures=_failures(run, member),
        usage=usage_of_run(run.pk),
        paused=[] if run.is_ended else paused_of(run.judge),
    )


def paused_of(judge: Judge) -> list[Endpoint]:
    """The judge's endpoint, where a worker leaves it alone for now."""
    return [judge.endpoint] if judge.endpoint is not None and judge.endpoint.is_paused else []


def results_of(run: JudgeRun) -> QuerySet[JudgeItem]:
    scores = Prefetch("rating__scores", queryset=Score.objects.order_by("pk"))
    return run.items.select_related("rating").prefetch_related(scores)


def with_scores(run: JudgeRun, items: Sequence[JudgeItem], member: Member) -> Sequence[JudgeItem]:
    """The items with `scores`, `total`, `reason` and `scores_hidden`, as this person may see
    them."""
    spec = from_json(run.spec.content)
    hidden = set(
        hidden_targets(member.user, member.project).filter(
            pk__in=[item.target_id for item in items]
        )
    )
    for item in items:
        row: Any = item
        row.scores_hidden = item.target_id in hidden
        seen = item.rating is not None and not row.scores_hidden
        row.scores = list(item.rating.scores.all()) if seen and item.rating else []
        row.total = _total(spec, row.scores) if row.scores else None
        # Why a text has no score often repeats what the judge gave.
        row.reason = "" if row.scores_hidden else item.error
    return items


def _total(spec: RubricSpec, scores: Sequence[Score]) -> float | None:
    return total(
        spec,
        {
            score.criterion_uid: ScoreOutcome(score.status, score.value)  # type: ignore[arg-type]
            for score in scores
        },
    )


def _columns(items: QuerySet[JudgeItem], spec: RubricSpec) -> list[CriterionColumn]:
    columns = {criterion.uid: CriterionColumn(criterion) for criterion in spec.judge_criteria}
    scores = Score.objects.filter(rating__in=items.values("rating"))
    counted: dict[str, dict[float, int]] = {uid: {} for uid in columns}
    for uid, status, value, n in (
        scores.order_by().values_list("criterion_uid", "status", "value").annotate(n=Count("pk"))
    ):
        if uid not in columns:
            continue
        if status == Score.Status.SCORED:
            counted[uid][value] = n
        else:
            columns[uid].unscored += n
    for uid, column in columns.items():
        found = counted[uid]
        column.n = sum(found.values())
        if column.n:
            column.mean = sum(value * n for value, n in found.items()) / column.n
        widest = max(found.values(), default=1)
        column.bars = [
            Bar(value, label, n := found.get(float(value), 0), 100 * n // widest)
            for value, label in _levels(column.criterion)
        ]
        if column.unscored:
            column.reason = _reason(scores, uid)
    return list(columns.values())


def _levels(criterion: CriterionSpec) -> list[tuple[int, str]]:
    """The values a score may take, each with its label; a binary scale has no levels written."""
    labels = {level.value: level.label for level in criterion.levels} or {0: "No", 1: "Yes"}
    return [(value, labels[value]) for value in criterion.level_values]


def _reason(scores: QuerySet[Score], uid: str) -> str:
    unscored = scores.filter(criterion_uid=uid).exclude(status=Score.Status.SCORED)
    return unscored.values_list("reason", flat=True).first() or ""


def _latest(scored: QuerySet[JudgeItem], spec: RubricSpec) -> list[ScoredRow]:
    items = (
        scored.select_related(*_TEXTS, "rating")
        .prefetch_related(Prefetch("rating__scores", queryset=Score.objects.all()))
        .order_by("-ended_at", "-position")[:LATEST]
    )
    return [row_of(item, spec) for item in items]


def row_of(item: JudgeItem, spec: RubricSpec) -> ScoredRow:
    """One text with its scores, which were fetched with it."""
    scores = {s.criterion_uid: s for s in item.rating.scores.all()} if item.rating else {}
    of_criteria = [(c, scores[c.uid]) for c in spec.criteria if c.uid in scores]
    reached = _total(spec, list(scores.values())) if scores else None
    return ScoredRow(
        item=item,
        cells=[scores.get(criterion.uid) for criterion in spec.criteria],
        total=reached,
        text=shown_text(item.target),
        why_zero=_why_zero(of_criteria) if reached is not None and reached <= 0 else "",
        words=[(c, score) for c, score in of_criteria if score.rationale or score.reason],
    )


def _why_zero(scores: Sequence[tuple[CriterionSpec, Score]]) -> str:
    """Why a total is 0 or less: a gate, or levels that give nothing."""
    given = [(c, score.value) for c, score in scores if score.value is not None]
    gates = [
        f"{c.name} is {value:g}, below {c.gate}."
        for c, value in given
        if c.gate is not None and value < c.gate
    ]
    if gates:
        return " ".join(gates)
    judged = [(c, value) for c, value in given if c.kind == "judge"]
    if all(value == min(c.level_values) for c, value in judged):
        return "Every criterion has its lowest level."
    return "The points add up to 0 or less."


def _failures(run: JudgeRun, member: Member) -> list[ScoredRow]:
    """Texts without a score. A reason often repeats what the judge gave, so that it is hidden as a
    score is."""
    blind = hidden_targets(member.user, member.project)
    failed = run.items.filter(state=JudgeItem.State.FAILED).exclude(target__in=blind)
    items = failed.select_related(*_TEXTS)
    return [ScoredRow(item, [], None, shown_text(item.target)) for item in items[:LATEST]]


def ratings_for(spec: Spec, *, rater_kinds: Sequence[str]) -> QuerySet[Rating]:
    """Current ratings that a judge may learn from: never those of the test split."""
    return (
        Rating.objects.filter(
            project_id=spec.project_id,
            spec=spec,
            rater__kind__in=rater_kinds,
            withdrawn_at=None,
        )
        .exclude(target__turn__dialogue__split=Split.TEST)
        .exclude(target__dialogue__split=Split.TEST)
    )
