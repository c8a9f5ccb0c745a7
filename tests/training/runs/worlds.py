"""What a training run needs: prompts of both splits, a published rubric, a judge, a checkpoint."""

from dataclasses import dataclass
from typing import Any

from annotation.corpus.services import split_for
from annotation.corpus.set_query import SetQuery
from annotation.models import Collection
from annotation.sets.services import collection_create
from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.judges.opening import pack
from rubrics.judges.services import judge_create_learned, judge_create_llm
from rubrics.judging.learned import LearnedJudge
from rubrics.models import Judge, RubricVersion
from tests.support import starter
from tests.support.dialogues import added, levels, parsed, published
from training import services
from training.limits import EQUAL_WEIGHTS, GRPO_DEFAULTS, SFT_DEFAULTS
from training.models import Checkpoint, TrainingRun
from webapp.accounts.models import Project, User
from webapp.files.services import store
from webapp.ids import new_id
from webapp.llm.services import endpoint_create

KEY = "sk-very-secret-judge-key"
SFT = {**SFT_DEFAULTS, "steps": 4, "batch_size": 2}
GRPO = {**GRPO_DEFAULTS, "steps": 4, "prompts_per_step": 2, "rollouts_per_prompt": 4}
RUBRIC = RubricSpec(
    title="Care",
    criteria=(
        CriterionSpec("empathy", "m-empathy", "Empathy", levels=levels()),
        CriterionSpec("plan", "m-plan", "Plan", levels=levels(0, 2)),
    ),
)


@dataclass(frozen=True)
class World:
    """One project ready to train."""

    project: Project
    lead: User
    collection: Collection
    version: RubricVersion
    judge: Judge
    base: Checkpoint

    def asked(self, **changes: Any) -> dict[str, Any]:
        """What `training_start_on_set` takes."""
        return {
            "project": self.project,
            "actor": self.lead,
            "key": new_id().hex,
            "collection": self.collection,
            "prompts": 4,
            "held_out_prompts": 3,
            "base": self.base,
            "version": self.version,
            "judge": self.judge,
            "grpo": GRPO,
            "reward": EQUAL_WEIGHTS,
            **changes,
        }

    def start(self, **changes: Any) -> TrainingRun:
        return services.training_start_on_set(**self.asked(**changes))


def group_in(project: Project, split: str, after: int = 0) -> str:
    """A name of a person whom the project puts into `split`."""
    return next(
        name for name in map(str, range(after, after + 1000)) if split_for(project, name) == split
    )


def dialogues_in(
    project: Project, split: str, count: int, *, source: str = "kardiabench", **changes: Any
) -> None:
    """Dialogues of `count` people of one split, one exchange each."""
    first = {"train": 100, "test": 200, "validation": 300}[split]
    added(
        project,
        *(
            parsed(n, pairs=1, split_group=group_in(project, split, after=7 * n), **changes)
            for n in range(first, first + count)
        ),
        source=source,
    )


def world(project: Project, lead: User) -> World:
    """With a judge behind an endpoint that has a key."""
    dialogues_in(project, "train", 6)
    dialogues_in(project, "test", 4)
    endpoint = endpoint_create(
        project=project,
        actor=lead,
        name="Judge's server",
        base_url="http://127.0.0.1:9/v1",
        model="judge-model",
        api_key=KEY,
    )
    return World(
        project=project,
        lead=lead,
        collection=collection_create(
            project=project, actor=lead, name="Everything", query=SetQuery()
        ),
        version=published(project, RUBRIC),
        judge=judge_create_llm(project=project, actor=lead, name="Reader", endpoint=endpoint),
        base=starter.register(project=project, actor=lead),
    )


def learned(project: Project, lead: User, judge: LearnedJudge) -> Judge:
    """The row of a judge that was fitted in the test."""
    file = store(
        project=project, kind="artefact", name="judge.zip", content=pack(judge), actor=lead
    )
    return judge_create_learned(
        project=project,
        actor=lead,
        name="Learned",
        artefact=file,
        fitted_on=judge.fitted_on,
        provenance={"ratings": 1, "rater_kinds": ["construction"]},
    )
