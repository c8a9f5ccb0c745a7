"""The judge of a training run: what it pins, and which judges' scores a model was trained on."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from rubrics.judges.queries import require_unchanged
from rubrics.models import Judge
from training.models import Checkpoint, TrainingRun
from training.paths import SPEC, folder_of
from webapp.errors import Refused


def rewards_behind(checkpoints: Iterable[Checkpoint]) -> set[str]:
    """The hashes of the judges whose scores trained these models, or what they were trained from:
    the same judge under another name is the same reward."""
    rewards: set[str] = set()
    looked_at: set[UUID] = set()
    ids = {row.run_id for row in checkpoints if row.run_id}
    while ids:
        runs = TrainingRun.objects.filter(pk__in=ids).select_related("base")
        rewards |= rewards_of(runs)
        looked_at |= ids
        ids = {run.base.run_id for run in runs if run.base.run_id} - looked_at
    return rewards


def rewards_of(runs: QuerySet[TrainingRun]) -> set[str]:
    """The hashes of the judges that rewarded these runs. One that was recorded trained no model
    here, and a judge of another machine scored it."""
    rewarded = runs.filter(method=TrainingRun.Method.GRPO, recorded__isnull=True)
    return set(rewarded.values_list("judge__hash", flat=True))


def require_another(judges: Sequence[Judge], rewards: set[str]) -> None:
    """Raises Refused where every judge is one of these rewards."""
    if all(judge.hash in rewards for judge in judges):
        raise Refused(
            "Choose at least one judge that was not the reward of one of these models. A model "
            "that was trained on a judge’s scores learns to please that judge. Where it is not "
            "known which checkpoint an endpoint serves, every reward of the project counts.",
            code="only_reward",
        )


def require_judge(run: TrainingRun) -> None:
    """Raises Refused where the judge of a run is no longer the one that it pins, or where its
    folder was written for another server. SFT asks no judge."""
    endpoint = run.judge_endpoint
    if run.method != TrainingRun.Method.GRPO or run.judge is None:
        return
    require_unchanged(run.judge)
    if endpoint is None:
        return
    frozen = frozen_judge(run)
    if frozen and (frozen["base_url"], frozen["model"]) != (endpoint.base_url, endpoint.model):
        raise Refused(
            f"{run} was prepared for the model “{frozen['model']}” at {frozen['base_url']}. Its "
            f"judge now asks “{endpoint.model}” at {endpoint.base_url}. Start a new run.",
            code="judge_changed",
        )


def frozen_judge(run: TrainingRun) -> dict[str, Any]:
    """The judge as the run's folder names it; empty before there is a folder."""
    path = folder_of(run) / SPEC
    return json.loads(path.read_text())["judge"] if path.exists() else {}
