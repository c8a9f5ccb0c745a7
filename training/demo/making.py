"""A finished training run as a recording: from its folder, without a database. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from annotation.demo.written import WrittenDialogue, written_dialogues
from annotation.ratings.context import build_context
from rubrics.core.spec import spec_hash
from rubrics.demo.kardia import KARDIA
from training.demo.recording import (
    EVENTS,
    RECORDING_FORMAT,
    SPEC,
    Recording,
    prompt_hash,
    read_lines,
    require_sound,
)
from training.demo.shape import (
    KINDS,
    About,
    Group,
    Prompt,
    RecordingBroken,
    Reply,
    Score,
    kept_fields,
    value_names,
)
from training.trainer.data import Role, Row, read_rows
from training.trainer.strict import ConfigError

# Where the studio keeps the small language models, which every installation can make.
SMALL = ("weights", "small")
ROLES: tuple[Role, ...] = ("train", "held_out")
VALUES = value_names({criterion.uid for criterion in KARDIA.criteria})


def record(run_dir: Path, *, machine: str) -> Recording:
    """The recording of a finished GRPO run; `machine` describes where it ran. Raises
    RecordingBroken for a run that another installation could not show: of other dialogues or
    another rubric than the demo's, with a judge behind an endpoint, or from another base."""
    spec, events = _opened(run_dir)
    _require_of_the_demo(spec)
    known = places(written_dialogues())
    data = {name: _prompts(run_dir / spec["data"][name], name, known) for name in ROLES}
    ids = {row_id: prompt.id for rows in data.values() for row_id, prompt in rows.items()}
    kept = list(_kept(events, ids))
    about = About(
        recording_format=RECORDING_FORMAT,
        machine=machine,
        date=str(events[-1]["at"])[:10],
        took_s=round(_seconds(events), 1),
    )
    return require_sound(Recording(about, _spec(spec, data), kept))


def _opened(run_dir: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The spec and the events of a run that has finished."""
    try:
        spec = json.loads((run_dir / SPEC).read_text(encoding="utf-8"))
        events = list(read_lines(run_dir / EVENTS))
    except (OSError, ValueError) as error:
        raise RecordingBroken(f"{run_dir} is not the folder of a run. {error}") from None
    if not events or events[-1].get("type") != "finished":
        raise RecordingBroken("The run has not finished. Only a finished run can be recorded.")
    return spec, events


def _require_of_the_demo(spec: Mapping[str, Any]) -> None:
    if spec["method"] != "grpo":
        raise RecordingBroken("This is a run of SFT. Only a run of GRPO can be recorded.")
    if spec["judge"]["kind"] != "learned":
        raise RecordingBroken(
            "The judge of this run is behind an endpoint, which other installations don’t have. "
            "Record a run with a judge that was fitted."
        )
    if spec["rubric_hash"] != spec_hash(KARDIA):
        raise RecordingBroken(
            f"The run used another rubric than “{KARDIA.title}” as the demo has it now."
        )
    if Path(spec["model"]["path"]).parts[-3:-1] != SMALL:
        raise RecordingBroken(
            "The run did not start from a small language model of the studio, so another "
            "installation does not have its base."
        )


def places(corpus: Sequence[WrittenDialogue]) -> dict[str, str]:
    """The places of the corpus's supporter turns by the hash of what a model reads for them."""
    return {
        prompt_hash(
            build_context(dialogue.profile_text, dialogue.situation, dialogue.turns[:at], turn)
        ): f"{each.id}/{at}"
        for each in corpus
        for dialogue in [each.dialogue]
        for at, turn in enumerate(dialogue.turns)
        if turn.role == "supporter"
    }


def _prompts(path: Path, role: Role, known: Mapping[str, str]) -> dict[str, Prompt]:
    """The prompts of a data file by the ids that they have in the run's own database."""
    try:
        rows = read_rows(path, role)
    except (OSError, ConfigError) as error:
        raise RecordingBroken(str(error)) from None
    return {row.id: _prompt(row, known) for row in rows}


def _prompt(row: Row, known: Mapping[str, str]) -> Prompt:
    digest = prompt_hash(row.context)
    if digest not in known:
        raise RecordingBroken(
            f"“{row.name}” is not in the written corpus. Only a run on dialogues of the demo can "
            "go into the repository."
        )
    return Prompt(known[digest], digest)


def _spec(spec: Mapping[str, Any], data: Mapping[Role, Mapping[str, Prompt]]) -> dict[str, Any]:
    names = ("spec_format", "method", "rubric", "rubric_hash", "reward", "grpo", "seed", "lora")
    return {
        **{name: spec[name] for name in names if name in spec},
        "model": {"folder": Path(spec["model"]["path"]).name},
        "judge": {"kind": "learned", "hash": spec["judge"]["hash"]},
        "data": {
            name: [{"id": prompt.id, "sha256": prompt.sha256} for prompt in rows.values()]
            for name, rows in data.items()
        },
    }


def _kept(events: Sequence[Mapping[str, Any]], ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What a recording keeps of the events, numbered anew. Fields are named, so that nothing else
    comes along."""
    number = 0
    for event in events:
        kind = KINDS.get(str(event.get("type")))
        if kind is None:
            continue
        number += 1
        kept = kept_fields(kind, event) | {"seq": number}
        if "values" in kept:
            kept["values"] = {
                name: kept["values"][name] for name in kept["values"] if name in VALUES
            }
        if "groups" in kept:
            kept["groups"] = [_group(group, ids) for group in kept["groups"]]
        yield kept


def _group(group: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    if group["prompt_id"] not in ids:
        raise RecordingBroken(f"The run’s data has no prompt “{group['prompt_id']}”.")
    return kept_fields(Group, group) | {
        "prompt_id": ids[group["prompt_id"]],
        "rollouts": [_reply(reply) for reply in group["rollouts"]],
    }


def _reply(reply: Mapping[str, Any]) -> dict[str, Any]:
    scores = {uid: kept_fields(Score, score) for uid, score in reply["scores"].items()}
    return kept_fields(Reply, reply) | {"scores": scores}


def _seconds(events: Sequence[Mapping[str, Any]]) -> float:
    """How long the attempts took together; what lies between two of them does not count."""
    took, before = 0.0, None
    for event in events:
        at = datetime.fromisoformat(event["at"])
        if before is not None and event["type"] != "started":
            took += (at - before).total_seconds()
        before = at
    return took
