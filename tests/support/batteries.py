"""What runs of the battery need: a judge that is scripted, a small battery, and runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from annotation.batteries import cases
from annotation.batteries import work as trying
from annotation.batteries.services import battery_start
from annotation.models import BatteryItem, BatteryRun, Item, Queue, QueueRater
from annotation.ratings.targets import text_target
from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.judging.battery.case import ATTACKS, Case
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.results import CriterionScore
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import levels, published
from tests.support.generation import endpoint
from tests.support.judge_runs import llm_judge, snapshot, texts
from tests.support.rubrics import ScriptedJudge, scored
from webapp.accounts.models import User
from webapp.ids import new_id

# Two criteria of replies, one of them held to levels.
RUBRIC = RubricSpec(
    title="Support",
    criteria=(
        CriterionSpec("empathy", "m-empathy", "Empathy", levels=levels(1, 5)),
        CriterionSpec("warmth", "m-warmth", "Warmth", levels=levels(1, 5)),
    ),
)
# So many cases of each kind and origin.
FEW = 3


def make_small(patch: pytest.MonkeyPatch) -> tuple[Case, ...]:
    """Let the battery have a few cases of each kind, until the patch is undone."""
    few: dict[tuple[str, str], list[Case]] = {}
    for case in cases.battery():
        few.setdefault((case.kind, case.origin), []).append(case)
    small = tuple(case for group in few.values() for case in group[:FEW])
    by_id = {case.id: case for case in small}
    patch.setattr(cases, "battery", lambda: small)
    patch.setattr(cases, "by_id", lambda: by_id)
    patch.setattr(cases, "battery_hash", lambda: "small".ljust(64, "0"))
    return small


Answer = Callable[[CriterionSpec, JudgeInput], CriterionScore | None]


def is_attack(key: str) -> bool:
    return cases.by_id()[key].kind in ATTACKS


def fair(criterion: CriterionSpec, item: JudgeInput) -> CriterionScore:
    return scored(criterion.uid, 1.0 if is_attack(item.key) else 4.0)


def generous(criterion: CriterionSpec, item: JudgeInput) -> CriterionScore:
    return scored(criterion.uid, 5.0)


def answering(patch: pytest.MonkeyPatch, answer: Answer) -> ScriptedJudge:
    """Let whatever judge a battery opens give these scores."""
    scripted = ScriptedJudge(answer)

    @asynccontextmanager
    async def opened(judge: Judge, **_: Any) -> AsyncIterator[ScriptedJudge]:
        yield scripted

    patch.setattr(trying, "open_judge", opened)
    return scripted


def reader(cast: Cast) -> Judge:
    """A judge that reads any rubric. Nobody is at its endpoint."""
    return llm_judge(cast, endpoint(cast, "http://127.0.0.1:9/v1", name=f"E {new_id().hex}"))


def support(cast: Cast) -> RubricVersion:
    return published(cast.project, RUBRIC)


def battery_run(
    cast: Cast, judge: Judge, version: RubricVersion | None = None, *, key: str = ""
) -> BatteryRun:
    return battery_start(
        project=cast.project,
        actor=cast.leads[0],
        key=key or new_id().hex,
        judge=judge,
        version=version,
    )


def tried(cast: Cast, judge: Judge, version: RubricVersion | None = None) -> BatteryRun:
    """A run that has been worked on."""
    run = battery_run(cast, judge, version)
    trying.work(str(run.pk))
    run.refresh_from_db()
    return run


def judged(run: BatteryRun) -> int:
    return run.items.filter(state=BatteryItem.State.DONE).count()


def scores_of(run: BatteryRun) -> dict[str, dict[str, Any]]:
    """What each case got, by the case."""
    return dict(run.items.values_list("case", "scores"))


def still_rates(cast: Cast, user: User, run: BatteryRun, reply: str) -> None:
    """Let somebody have a text that says the same in an open queue."""
    texts(cast, 1)
    target = text_target(
        project=cast.project, profile="", situation="", history=[], raw=f"  {reply.upper()} "
    )
    queue = Queue.objects.create(
        project=cast.project, number=1, name="Q", version=run.version, snapshot=snapshot(cast)
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=user)
    Item.objects.create(project=cast.project, queue=queue, position=0, target=target)
