"""The rollouts of one step, grouped by prompt."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, Min

from rubrics.core.spec import CriterionSpec, from_json
from training.hidden import hidden_groups, visible_rollouts
from training.models import Rollout, TrainingRun
from webapp.accounts.access import Member

# The level colours go from 1 to 5, whatever a criterion's own levels are.
SHADES = 5


def count_hidden(run: TrainingRun, member: Member) -> int:
    """How many prompts of the run's rollouts this member may not see yet."""
    rows = Rollout.objects.filter(run=run)
    hidden = rows.filter(hidden_groups(rows, member)).order_by()
    return hidden.values("prompt_id").distinct().count()


@dataclass(frozen=True)
class Cell:
    """One criterion's score of one rollout; `shade` is its place on the scale, 1 to 5."""

    name: str
    value: float | None
    shade: int
    rationale: str


@dataclass(frozen=True)
class RolloutRow:
    rollout: Rollout
    cells: list[Cell]

    @property
    def number(self) -> int:
        return self.rollout.index + 1

    @property
    def has_reasons(self) -> bool:
        return any(cell.rationale for cell in self.cells)


@dataclass(frozen=True)
class RolloutView:
    """One prompt of one step. `prompt` counts from 1."""

    step: int
    first_step: int
    last_step: int
    previous_step: int | None
    next_step: int | None
    prompt: int
    prompts: list[int]
    criteria: Sequence[CriterionSpec]
    rows: list[RolloutRow]
    # Of the rewards that there are; None where there are too few.
    mean: float | None
    deviation: float | None

    @property
    def emotion(self) -> str:
        return self.rows[0].rollout.emotion

    @property
    def prompt_tail(self) -> str:
        return self.rows[0].rollout.prompt_tail


def view_of(
    run: TrainingRun, member: Member, *, step: int | None = None, prompt: int | None = None
) -> RolloutView | None:
    """The rollouts of a step (else the latest) and prompt (else the first); the nearest step
    before where this one has none. None where there is no rollout yet that this member may
    see."""
    rollouts = visible_rollouts(run, member)
    ends = rollouts.aggregate(first=Min("step"), last=Max("step"))
    if ends["last"] is None:
        return None
    wanted = min(max(step or ends["last"], ends["first"]), ends["last"])
    at = rollouts.filter(step__lte=wanted).aggregate(at=Max("step"))["at"]
    around = rollouts.filter(step__in=(at - 1, at + 1)).values_list("step", flat=True).distinct()
    beside = set(around)
    # In the order in which the trainer told them: ids are made in time.
    in_order = rollouts.filter(step=at).order_by("pk").values_list("prompt_id", flat=True)
    groups = list(dict.fromkeys(in_order))
    number = min(max(prompt or 1, 1), len(groups))
    shown = list(rollouts.filter(step=at, prompt_id=groups[number - 1]).order_by("index"))
    criteria = from_json(run.spec.content).judge_criteria
    rewards = [rollout.reward for rollout in shown if rollout.reward is not None]
    return RolloutView(
        step=at,
        first_step=ends["first"],
        last_step=ends["last"],
        previous_step=at - 1 if at - 1 in beside else None,
        next_step=at + 1 if at + 1 in beside else None,
        prompt=number,
        prompts=list(range(1, len(groups) + 1)),
        criteria=criteria,
        rows=[RolloutRow(rollout, _cells(rollout, criteria)) for rollout in shown],
        mean=statistics.fmean(rewards) if rewards else None,
        deviation=statistics.stdev(rewards) if len(rewards) > 1 else None,
    )


def _cells(rollout: Rollout, criteria: Sequence[CriterionSpec]) -> list[Cell]:
    cells = []
    for criterion in criteria:
        score = rollout.scores.get(criterion.uid, {})
        value = score.get("value")
        rationale = score.get("rationale") or ""
        cells.append(Cell(criterion.name, value, shade_of(criterion, value), rationale))
    return cells


def shade_of(criterion: CriterionSpec, value: float | None) -> int:
    """A value's place on its criterion's scale, from 1 to 5."""
    low, high = min(criterion.level_values), max(criterion.level_values)
    if value is None or high == low:
        return (1 + SHADES) // 2
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return 1 + round(share * (SHADES - 1))
