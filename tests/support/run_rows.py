"""A row of each kind of run, for the URLs that name one (tests.support.objects)."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from annotation.batteries.cases import battery, battery_hash
from annotation.models import (
    BatteryRun,
    DifficultyRun,
    ExportRun,
    FitRun,
    GenerationRun,
    ImpactRun,
    ImportRun,
    JudgeRun,
    PlaygroundRun,
    Suggestion,
    SuggestionRun,
)
from rubrics.judging.battery.report import Group, Report, Worst, to_json
from tests.support.rows import collection, number_of
from training.checks import settings_of
from training.limits import EQUAL_WEIGHTS, GRPO_DEFAULTS, shares
from training.models import (
    EvaluatedSystem,
    EvaluationRun,
    FetchFile,
    ModelFetch,
    TrainingRun,
)
from webapp.files.services import store_result
from webapp.ids import new_id
from webapp.runs.models import Run

if TYPE_CHECKING:
    from tests.support.objects import Setting


def _run(setting: Setting, model: type[Run]) -> dict[str, Any]:
    return {
        "project": setting.project,
        "number": number_of(setting, model),
        "idempotency_key": new_id().hex,
        "created_by": setting.person,
        "status": "failed",
        "ended_at": timezone.now(),
    }


def import_run(setting: Setting) -> ImportRun:
    return ImportRun.objects.create(
        **_run(setting, ImportRun),
        file=setting["file_id"],
        format="epitome",
        collection=collection(setting),
    )


def export_run(setting: Setting) -> ExportRun:
    """A finished one, with a file to download."""
    file = store_result(
        project=setting.project,
        kind="export",
        name="x.csv",
        content=io.BytesIO(new_id().bytes),
        actor=setting.person,
    )
    now = timezone.now()
    return ExportRun.objects.create(
        **(_run(setting, ExportRun) | {"status": "succeeded"}),
        table="ratings",
        format="csv",
        about="All.",
        taken_at=now,
        rows_written=1,
        sha256=file.sha256,
        size=file.size,
        file=file,
        keep_until=now + timedelta(days=1),
    )


def generation_run(setting: Setting) -> GenerationRun:
    return GenerationRun.objects.create(
        **_run(setting, GenerationRun),
        supporter=setting["endpoint_id"],
        simulator=setting["endpoint_id"],
        collection=collection(setting),
    )


def judge_run(setting: Setting) -> JudgeRun:
    pinned = setting["published_id"]
    return JudgeRun.objects.create(
        **_run(setting, JudgeRun),
        snapshot=setting["snapshot_id"],
        version=pinned,
        spec=pinned.spec,
        judge=setting["judge_id"],
    )


def battery_run(setting: Setting) -> BatteryRun:
    """One with a report: a run that has finished can't be without."""
    pinned = setting["published_id"]
    case = battery()[0]
    worst = Worst(case.id, 1.0, "total 1, at most 0.35", case.reply)
    group = Group(case.kind, case.origin, 24, unscored=1, mean_total=0.4, wrong=3, worst=(worst,))
    reasons = ("Garbage: 3 of 23 scored too high; allowed: 10 %.",)
    report = Report(pinned.spec.hash, battery_hash(), (), (group,), 0.75, reasons)
    return BatteryRun.objects.create(
        **_run(setting, BatteryRun),
        version=pinned,
        spec=pinned.spec,
        judge=setting["judge_id"],
        cases_hash=battery_hash(),
        report=to_json(report),
    )


def fit_run(setting: Setting) -> FitRun:
    return FitRun.objects.create(
        **_run(setting, FitRun), version=setting["published_id"], judge_name="J"
    )


def training_run(setting: Setting) -> TrainingRun:
    pinned = setting["published_id"]
    return TrainingRun.objects.create(
        **_run(setting, TrainingRun),
        method="grpo",
        base=setting["checkpoint_id"],
        train_snapshot=setting["snapshot_id"],
        held_out_snapshot=setting["snapshot_id"],
        version=pinned,
        spec=pinned.spec,
        judge=setting["judge_id"],
        settings={
            "grpo": settings_of("grpo", GRPO_DEFAULTS),
            "reward": shares(EQUAL_WEIGHTS),
            "seed": 0,
        },
        steps_total=1,
    )


def evaluation_run(setting: Setting) -> EvaluationRun:
    pinned = setting["published_id"]
    run = EvaluationRun.objects.create(
        **_run(setting, EvaluationRun),
        snapshot=setting["snapshot_id"],
        version=pinned,
        spec=pinned.spec,
        max_tokens=64,
        temperature=0.0,
        seed=0,
    )
    EvaluatedSystem.objects.create(project=setting.project, run=run, position=0, name="Corpus")
    return run


def difficulty_run(setting: Setting) -> DifficultyRun:
    pinned = setting["published_id"]
    return DifficultyRun.objects.create(
        **_run(setting, DifficultyRun),
        collection=collection(setting),
        split="train",
        snapshot=setting["snapshot_id"],
        endpoint=setting["endpoint_id"],
        version=pinned,
        spec=pinned.spec,
        judge=setting["judge_id"],
        thresholds={},
        replies=2,
        max_tokens=64,
        temperature=0.8,
        seed=0,
    )


def model_fetch(setting: Setting) -> ModelFetch:
    made = ModelFetch.objects.create(
        **_run(setting, ModelFetch), name="A model", repo="owner/name", revision="main"
    )
    FetchFile.objects.create(project=setting.project, run=made, name="config.json", size=2)
    return made


def _draft_scoring(setting: Setting, model: type[Run]) -> dict[str, Any]:
    pinned = setting["published_id"]
    return {
        **_run(setting, model),
        "version": pinned,
        "judge": setting["judge_id"],
        "before": pinned.spec,
        "after": pinned.spec,
    }


def playground_run(setting: Setting) -> PlaygroundRun:
    return PlaygroundRun.objects.create(**_draft_scoring(setting, PlaygroundRun))


def impact_run(setting: Setting) -> ImpactRun:
    return ImpactRun.objects.create(
        **_draft_scoring(setting, ImpactRun), base=setting["published_id"], sample="All"
    )


def suggestion_run(setting: Setting) -> SuggestionRun:
    pinned = setting["published_id"]
    return SuggestionRun.objects.create(
        **_run(setting, SuggestionRun),
        version=pinned,
        spec=pinned.spec,
        endpoint=setting["endpoint_id"],
    )


def suggestion(setting: Setting) -> Suggestion:
    run = suggestion_run(setting)
    return Suggestion.objects.create(
        project=setting.project,
        run=run,
        version=run.version,
        position=0,
        kind="anchor",
        uid="empathy",
        level=1,
        content={"anchor": "Sharper."},
    )
