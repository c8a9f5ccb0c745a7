"""What a run on a draft shows: each text's scores by both wordings, as this person may see them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias
from uuid import UUID

from annotation.impact.scoring_passes import pass_by_uid, scoring_passes
from annotation.models import DraftScore, ImpactItem, ImpactRun, PlaygroundItem, PlaygroundRun
from annotation.ratings.blindness import blind_among
from annotation.ratings.labels import shown_text, title_of
from rubrics.core.spec import CriterionSpec, RubricSpec, criterion_hash, from_json, spec_hash, total
from rubrics.judging.judge import reward_parts
from rubrics.judging.results import CriterionScore, JudgeResult
from rubrics.models import Judge, Spec
from rubrics.queries import text_of
from webapp.accounts.access import Member
from webapp.runs.progress import Progress, ended_of_each, progress_of

State = ImpactItem.State
AnyItem: TypeAlias = ImpactItem | PlaygroundItem


@dataclass(frozen=True)
class Side:
    """One wording of the rubric and what the judge gave by it."""

    spec: RubricSpec
    hash: str
    passes: Mapping[str, str]

    @cached_property
    def criteria(self) -> dict[str, CriterionSpec]:
        return {criterion.uid: criterion for criterion in self.spec.criteria}


@dataclass(frozen=True)
class Cell:
    """One criterion of one text. A side is None where its wording lacks the criterion, or the
    judge has not come to it yet."""

    criterion: CriterionSpec
    before: CriterionScore | None
    after: CriterionScore | None
    is_check: bool
    is_new: bool
    is_gone: bool

    @property
    def change(self) -> float | None:
        """Levels up or down; None where one of the two has no score."""
        if self.before is None or self.after is None:
            return None
        if self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value

    @property
    def low(self) -> int:
        return min(self.criterion.level_values, default=0)

    @property
    def high(self) -> int:
        return max(self.criterion.level_values, default=1)


@dataclass(frozen=True)
class ScoredText:
    """One text with its scores by both wordings."""

    item: AnyItem
    title: str
    text: str
    cells: Sequence[Cell]
    total_before: float | None
    total_after: float | None
    reward_before: float | None
    reward_after: float | None

    @property
    def change(self) -> float | None:
        if self.total_before is None or self.total_after is None:
            return None
        return self.total_after - self.total_before

    @property
    def changed_cells(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.change]

    @property
    def has_changed(self) -> bool:
        return bool(self.changed_cells) or bool(self.change and abs(self.change) > 1e-9)

    @property
    def weight(self) -> tuple[float, float]:
        """How far up the list it belongs: by the total, else by the levels that moved."""
        moved = sum(abs(cell.change or 0.0) for cell in self.cells)
        return (abs(self.change or 0.0), moved)

    @property
    def is_waiting(self) -> bool:
        return self.item.state == State.WAITING


@dataclass
class DraftScoring:
    """A run's texts, read once. `hidden` counts those that this person still rates."""

    run: ImpactRun | PlaygroundRun
    member: Member
    before: Side | None = field(init=False)
    after: Side = field(init=False)
    items: list[AnyItem] = field(init=False)
    hidden: int = field(init=False)

    def __post_init__(self) -> None:
        self.before = _side(self.run.before, self.run.judge) if self.run.before else None
        self.after = _side(self.run.after, self.run.judge)
        rows: Any = self.run.items.select_related("target__turn__dialogue", "target__dialogue")
        every: list[AnyItem] = list(rows.order_by("position"))
        targets = [item.target_id for item in every]
        blind = blind_among(self.member.user, self.member.project, targets)
        self.items = [item for item in every if item.target_id not in blind]
        self.hidden = len(every) - len(self.items)

    @cached_property
    def scores(self) -> dict[UUID, dict[tuple[str, str], CriterionScore]]:
        """By text, then by (pass_hash, uid)."""
        rows = DraftScore.objects.filter(
            judge=self.run.judge_id, target__in=[item.target_id for item in self.items]
        )
        wanted = {hash for side in self.sides for hash in side.passes.values()}
        found: dict[UUID, dict[tuple[str, str], CriterionScore]] = defaultdict(dict)
        for row in rows.filter(pass_hash__in=wanted):
            found[row.target_id][row.pass_hash, row.criterion_uid] = CriterionScore(
                row.criterion_uid,
                row.status,  # type: ignore[arg-type]
                value=row.value,
                rationale=row.rationale,
                evidence=tuple(row.evidence),
                reason=row.reason,
            )
        return found

    @property
    def sides(self) -> list[Side]:
        return [side for side in (self.before, self.after) if side is not None]

    @cached_property
    def rows(self) -> list[ScoredText]:
        return [self._tried(item) for item in self.items]

    @cached_property
    def unread(self) -> list[CriterionSpec]:
        """Criteria of the draft that this judge can't score, because it reads no wording."""
        return unread_by(self.run.judge, self.after.spec)

    @property
    def unread_uids(self) -> list[str]:
        return [criterion.uid for criterion in self.unread]

    def _tried(self, item: AnyItem) -> ScoredText:
        before = self._result(item, self.before) if self.before else None
        after = self._result(item, self.after)
        return ScoredText(
            item=item,
            title=title_of(item.target),
            text=shown_text(item.target),
            cells=self._cells(before, after),
            total_before=total(self.before.spec, before.outcomes)
            if before and self.before
            else None,
            total_after=total(self.after.spec, after.outcomes),
            reward_before=_reward(self.before.spec, before) if before and self.before else None,
            reward_after=_reward(self.after.spec, after),
        )

    def _result(self, item: AnyItem, side: Side) -> JudgeResult:
        given = self.scores.get(item.target_id, {})
        scores = {}
        for uid, pass_hash in side.passes.items():
            if (pass_hash, uid) in given:
                scores[uid] = given[pass_hash, uid]
            elif reason := item.failures.get(f"{pass_hash}/{uid}"):
                scores[uid] = CriterionScore(uid, "failed", reason=reason)
        return JudgeResult(str(item.target_id), scores)

    def _cells(self, before: JudgeResult | None, after: JudgeResult) -> list[Cell]:
        old = self.before.criteria if self.before else {}
        cells = [
            Cell(
                criterion=criterion,
                before=before.scores.get(uid) if before else None,
                after=after.scores.get(uid),
                is_check=criterion.kind == "check",
                is_new=bool(old) and uid not in old,
                is_gone=False,
            )
            for uid, criterion in self.after.criteria.items()
        ]
        gone = [c for uid, c in old.items() if uid not in self.after.criteria]
        return cells + [
            Cell(
                criterion=criterion,
                before=before.scores.get(criterion.uid) if before else None,
                after=None,
                is_check=criterion.kind == "check",
                is_new=False,
                is_gone=True,
            )
            for criterion in gone
        ]


@dataclass(frozen=True)
class PlaygroundState:
    """The pane's results. `is_stale`: the draft's text is another one by now."""

    run: PlaygroundRun
    scoring: DraftScoring
    is_stale: bool

    @property
    def rows(self) -> list[ScoredText]:
        return self.scoring.rows


def playground_state(run: PlaygroundRun, member: Member) -> PlaygroundState:
    now = spec_hash(from_json(text_of(run.version)))
    return PlaygroundState(run, DraftScoring(run, member), is_stale=now != run.after.hash)


def counts(runs: Sequence[ImpactRun]) -> dict[UUID, tuple[int, int]]:
    """(texts done, texts in all) of each run"""
    return ended_of_each(runs, ImpactItem.objects.all(), waiting=State.WAITING)


def failed_among(runs: Sequence[ImpactRun]) -> set[UUID]:
    """The runs whose judge failed on a text: a preview that goes on asks it again."""
    failed = ImpactItem.objects.filter(run__in=runs, state=State.FAILED)
    return set(failed.order_by().values_list("run", flat=True).distinct())


def progress_of_scoring(run: ImpactRun) -> Progress:
    done, planned = counts([run])[run.pk]
    return progress_of(
        run,
        done=done,
        total=planned,
        done_since=lambda began: (
            run.items.filter(ended_at__gte=began).exclude(state=State.REUSED).count()
        ),
    )


def unread_by(judge: Judge, spec: RubricSpec) -> list[CriterionSpec]:
    """The criteria of `spec` that a learned judge was not fitted on as they are written."""
    if judge.kind != Judge.Kind.LEARNED:
        return []
    return [c for c in spec.judge_criteria if judge.fitted_on.get(c.uid) != criterion_hash(c)]


def _side(spec: Spec, judge: Judge) -> Side:
    text = from_json(spec.content)
    passes = scoring_passes(text, kind=judge.kind, parameters=judge.parameters)
    return Side(text, spec.hash, pass_by_uid(passes))


def _reward(spec: RubricSpec, result: JudgeResult) -> float | None:
    if any(check.uid not in result.scores for check in spec.checks):
        return None
    return reward_parts(result, spec)["total"]
