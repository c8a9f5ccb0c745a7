"""The series of a run: what its charts and its table show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Max, Q

from rubrics.core.spec import RubricSpec, from_json
from training.charts import MAX_POINTS, Chart, chart, small_chart
from training.models import Metric, TrainingRun

STEPS_A_PAGE = 100
# Names of series and what people call them, in the order of the table.
LABELS: Mapping[str, str] = {
    "reward": "Reward",
    "reward_std": "Standard deviation in a group",
    "format": "Format",
    "emotion": "Emotion match",
    "rubric": "Rubric",
    "kl": "KL to the base",
    "entropy": "Entropy",
    "length": "Reply length",
    "clipped_ratio": "Cut off",
    "frac_reward_zero_std": "Groups with no spread (nothing to learn from)",
    "groups_skipped": "Groups with fewer than two rewards (left out)",
    "judge_failures": "Judge failures",
    "loss": "Loss",
    "validation_loss": "Loss on validation replies",
    "token_accuracy": "Tokens predicted right",
    "grad_norm": "Gradient norm",
    "learning_rate": "Learning rate",
    "step_time_s": "Seconds per step",
}
# Decimals of a column of the table; what is not named differs too much in size for one number.
PLACES: Mapping[str, int] = {
    **dict.fromkeys(("reward", "reward_std", "format", "emotion", "rubric", "entropy"), 3),
    **dict.fromkeys(("clipped_ratio", "frac_reward_zero_std", "grad_norm", "loss"), 3),
    **dict.fromkeys(("validation_loss", "token_accuracy"), 3),
    "length": 1,
    "step_time_s": 1,
    "judge_failures": 0,
    "groups_skipped": 0,
}
CRITERION = "criterion/"
CRITERION_PLACES = 2
SHARES = ("clipped_ratio", "frac_reward_zero_std", "token_accuracy")


@dataclass(frozen=True)
class SmallChart:
    name: str
    label: str
    unit: str
    chart: Chart
    is_share: bool
    first: float


@dataclass(frozen=True)
class Charts:
    """What is drawn: the reward with its band, or the loss of SFT with that on validation
    replies; and the small multiples. `first` and `last` are values of the line that matters."""

    main: Chart | None
    first: float | None
    last: float | None
    small: list[SmallChart]


@dataclass(frozen=True)
class Value:
    """A number of the table with its decimals; None where as many as help."""

    value: float | None
    places: int | None


@dataclass(frozen=True)
class SeriesTable:
    """One page of the table behind the charts."""

    labels: list[str]
    rows: list[tuple[int, list[Value]]]
    after: int
    next_after: int | None

    @property
    def is_first(self) -> bool:
        return self.after == 0


# What stands below the reward, with the unit that its number is read in.
SMALL_SFT = (("token_accuracy", ""), ("learning_rate", ""), ("grad_norm", ""))
SMALL_GRPO = (
    ("format", ""),
    ("emotion", ""),
    ("rubric", ""),
    ("kl", ""),
    ("length", "tokens"),
    ("frac_reward_zero_std", ""),
)


def last_steps(runs: Sequence[TrainingRun]) -> dict[UUID, int]:
    """The last step that each run reported; a run is not in it before its first."""
    metrics = Metric.objects.filter(run__in=runs).order_by()
    return dict(metrics.values_list("run").annotate(last=Max("step")))


def names_of(run: TrainingRun) -> dict[str, str]:
    """The names that a run's series may have, with what people call them."""
    spec: RubricSpec = from_json(run.spec.content)
    criteria = {f"{CRITERION}{each.uid}": each.name for each in spec.judge_criteria}
    return {**LABELS, **criteria}


def series_of(
    run: TrainingRun, names: Sequence[str], *, last: int, most: int = MAX_POINTS
) -> dict[str, list[tuple[int, float]]]:
    """Each series by its name, thinned by the database to about `most` points; the last step is
    always there."""
    every = max(1, -(-last // most))
    rows = (
        Metric.objects.filter(run=run, name__in=names)
        .annotate(place=F("step") % every)
        .filter(Q(place=1 % every) | Q(step=last))
        .order_by("step")
        .values_list("name", "step", "value")
    )
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in names}
    for name, step, value in rows:
        found[name].append((step, value))
    return found


def charts_of(run: TrainingRun, *, last: int) -> Charts:
    is_sft = run.method == TrainingRun.Method.SFT
    main, shown = ("loss", SMALL_SFT) if is_sft else ("reward", SMALL_GRPO)
    series = series_of(run, [main, "reward_std", *(name for name, _ in shown)], last=last)
    points = series[main]
    if is_sft:
        drawn = chart([points, _validation_of(run)], steps=run.steps_total)
    else:
        drawn = chart([points], steps=run.steps_total, spread=series["reward_std"], within=(0, 1))
    return Charts(
        main=drawn,
        first=points[0][1] if points else None,
        last=points[-1][1] if points else None,
        small=[
            SmallChart(name, LABELS[name], unit, small, name in SHARES, series[name][0][1])
            for name, unit in shown
            if (small := small_chart(series[name], steps=run.steps_total)) is not None
        ],
    )


def _validation_of(run: TrainingRun) -> list[tuple[int, float]]:
    """Only every so many steps have one: thinning by steps might leave all of them out."""
    rows = Metric.objects.filter(run=run, name="validation_loss")
    return list(rows.order_by("step").values_list("step", "value"))


def points_of(
    run: TrainingRun, names: Sequence[str], *, after: int, steps: int
) -> tuple[dict[str, list[tuple[int, float]]], int | None]:
    """The points of the next `steps` steps after `after` by name (names without a point are left
    out), and the step to go on after; None at the end."""
    reported = list(
        Metric.objects.filter(run=run, step__gt=after)
        .order_by("step")
        .values_list("step", flat=True)
        .distinct()[: steps + 1]
    )
    shown, rest = reported[:steps], reported[steps:]
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in names}
    if shown:
        rows = Metric.objects.filter(run=run, name__in=names, step__range=(shown[0], shown[-1]))
        for name, step, value in rows.order_by("step").values_list("name", "step", "value"):
            found[name].append((step, value))
    present = {name: points for name, points in found.items() if points}
    return present, shown[-1] if rest else None


def table_of(run: TrainingRun, *, after: int) -> SeriesTable:
    """The steps after `after`, all series that the run has."""
    labels = names_of(run)
    points, next_after = points_of(run, list(labels), after=after, steps=STEPS_A_PAGE)
    by_step: dict[int, dict[str, float]] = {}
    for name, series in points.items():
        for step, value in series:
            by_step.setdefault(step, {})[name] = value
    places = {
        name: CRITERION_PLACES if name.startswith(CRITERION) else PLACES.get(name)
        for name in points
    }
    return SeriesTable(
        labels=[labels[name] for name in points],
        rows=[
            (step, [Value(by_step[step].get(name), places[name]) for name in points])
            for step in sorted(by_step)
        ],
        after=after,
        next_after=next_after,
    )
