"""A recorded run in a project: its row, its prompts, and the folder that the supervisor reads."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from annotation.demo.written import SOURCE
from annotation.models import Collection, SnapshotMember, Target, Turn
from annotation.ratings.targets import contexts_of_turns
from annotation.sets.services import freeze_turns
from rubrics.models import Judge, RubricVersion
from training.checks import require_reward
from training.demo import recording as recordings
from training.demo.recording import Recording, prompt_hash
from training.demo.shape import Prompt, RecordingBroken
from training.models import Checkpoint, TrainingRun
from training.paths import EVENTS, SPEC, folder_of
from training.trainer.files import flush_to_disk
from webapp.accounts.access import require_open
from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.files.folders import make_private
from webapp.ids import new_id
from webapp.runs import services as runs


def base_of(project: Project, recording: Recording) -> Checkpoint | None:
    """The small language model that the recorded run began with; None where the project has no
    such model yet. Raises Refused where it has another one only."""
    small = list(Checkpoint.objects.filter(project=project, origin=Checkpoint.Origin.PACKAGE))
    for row in small:
        if row.path.endswith(f"/{recording.base_folder}"):
            return row
    if small:
        raise Refused(
            f"The recorded run began with the small language model “{recording.base_folder}”, "
            "which this project does not have.",
            code="no_base",
        )
    return None


def replay_start(
    *,
    project: Project,
    actor: User,
    key: str,
    recording: Recording,
    collection: Collection,
    base: Checkpoint,
    version: RubricVersion,
    judge: Judge,
) -> TrainingRun:
    """Queue the replay of a recorded run of this base on prompts of this collection. The same
    `key` again returns the run that is there. Raises Refused for another wording of the rubric, a
    judge that can't score it, and a prompt that the collection does not have as it was recorded;
    nothing is made then."""
    require_open(project)
    require_reward(version, judge)
    if version.spec is None or version.spec.hash != recording.spec["rubric_hash"]:
        raise Refused(
            f"The run was recorded with another wording than that of {version}.", code="rubric"
        )
    with transaction.atomic():
        known = runs.started_before(TrainingRun, project=project, key=key)
        if known is not None:
            return known
        # Both before anything is frozen: whoever freezes holds the project's next number.
        train = _turns(project, recording.train)
        held_out = _turns(project, recording.held_out)
        recorded = _recorded(recording, judge)
        return runs.start(
            TrainingRun,
            project=project,
            actor=actor,
            key=key,
            method=TrainingRun.Method.GRPO,
            base=base,
            train_snapshot=freeze_turns(collection=collection, actor=actor, turns=train),
            held_out_snapshot=freeze_turns(collection=collection, actor=actor, turns=held_out),
            version=version,
            spec=version.spec,
            judge=judge,
            settings=recording.settings,
            steps_total=recording.settings["grpo"]["steps"],
            recorded=recorded,
        )


def _recorded(recording: Recording, judge: Judge) -> dict[str, Any]:
    """What the run's row keeps of the recording. `judge` is that of the project."""
    about = recording.about
    return {
        "machine": about.machine,
        "date": about.date,
        "took_s": about.took_s,
        "judge_hash": recording.judge_hash,
        "is_same_judge": _hash_of(judge) == recording.judge_hash,
        "sha256": recording.sha256,
    }


def _hash_of(judge: Judge) -> str:
    """As a run's folder has it; "" for a judge that was not fitted."""
    if judge.kind != Judge.Kind.LEARNED:
        return ""
    # Opening a judge loads libraries that web and idle workers do without.
    from rubrics.judges.opening import unpack
    from rubrics.judging.artefact import artefact_hash

    with tempfile.TemporaryDirectory() as name:
        unpack(judge, Path(name))
        return artefact_hash(Path(name))


def require_recording(run: TrainingRun) -> None:
    """Raises Refused where the recording that the run was made from is gone."""
    _same_recording(run)


def is_gone(run: TrainingRun) -> bool:
    """Whether a run that ended was recorded and its recording is gone, so that it can't go on."""
    if run.recorded is None or not run.is_ended:
        return False
    try:
        require_recording(run)
    except Refused:
        return True
    return False


def prepare(run: TrainingRun) -> Path:
    """Write the folder of a recorded run where it is not complete yet: the recording's spec, and
    its events with the prompts' ids in this database. The spec is written last. Raises Refused
    where the recording that the run was made from is gone."""
    folder = folder_of(run)
    if all((folder / name).exists() for name in (SPEC, EVENTS)):
        return folder
    recording = _same_recording(run)
    targets = _targets_of(run.train_snapshot_id)
    ids = {prompt.id: target.pk for prompt, target in zip(recording.train, targets, strict=True)}
    make_private(folder)
    lines = [json.dumps(_with_ids(event, ids), ensure_ascii=False) for event in recording.events]
    _write(folder / EVENTS, "".join(f"{line}\n" for line in lines))
    _write(folder / SPEC, json.dumps(recording.spec, indent=2, ensure_ascii=False, sort_keys=True))
    return folder


def forget(run: TrainingRun) -> None:
    """Remove the files of the folder, so that `prepare` writes them anew. The spec goes first:
    without it the folder is not complete."""
    folder = folder_of(run)
    for path in (folder / SPEC, *folder.iterdir()):
        path.unlink(missing_ok=True)


def _same_recording(run: TrainingRun) -> Recording:
    try:
        found = recordings.kept()
    except RecordingBroken as error:
        raise Refused(str(error), code="recording") from None
    if run.recorded is None or found is None or found.sha256 != run.recorded["sha256"]:
        raise Refused(
            "The studio was updated and no longer has this recording. Nothing that you made is "
            "lost.",
            code="recording",
        )
    return found


def _with_ids(event: Mapping[str, Any], ids: Mapping[str, UUID]) -> dict[str, Any]:
    if "groups" not in event:
        return dict(event)
    groups = [group | {"prompt_id": str(ids[group["prompt_id"]])} for group in event["groups"]]
    return {**event, "groups": groups}


def _write(path: Path, text: str) -> None:
    """Whole, or not there, also after a power cut. A worker that lost the run may still write: each
    has a draft of its own."""
    draft = path.with_name(f"{path.name}.{new_id().hex}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        flush_to_disk(draft)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    flush_to_disk(path.parent)


def _turns(project: Project, prompts: Sequence[Prompt]) -> list[UUID]:
    """The turns of the written corpus that prompts name, in their order. Raises Refused where one
    is missing or has changed."""
    rows = Turn.objects.filter(
        project=project,
        role=Turn.Role.SUPPORTER,
        dialogue__source=SOURCE,
        dialogue__source_key__in={prompt.dialogue for prompt in prompts},
    ).values_list("dialogue__source_key", "position", "pk")
    found = {(key, position): pk for key, position, pk in rows}
    for prompt in prompts:
        if (prompt.dialogue, prompt.turn) not in found:
            raise Refused(
                f"The recorded run answered turn {prompt.turn + 1} of the dialogue "
                f"“{prompt.dialogue}”, which this project does not have.",
                code="no_prompt",
            )
    turns = [found[prompt.dialogue, prompt.turn] for prompt in prompts]
    contexts = contexts_of_turns(project, turns)
    for turn, prompt in zip(turns, prompts, strict=True):
        if prompt_hash(contexts[turn]) != prompt.sha256:
            raise Refused(
                f"The dialogue “{prompt.dialogue}” has changed since the run was recorded.",
                code="changed_prompt",
            )
    return turns


def _targets_of(snapshot_id: UUID) -> list[Target]:
    members = SnapshotMember.objects.filter(snapshot=snapshot_id).select_related("target")
    return [member.target for member in members.order_by("position")]
