"""The run folder: spec, data and judge artefact, enough for `python -m training.trainer`."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from annotation.generation.prompts import prompt_messages, seeker_messages
from annotation.models import Dialogue, Snapshot, Turn
from annotation.ratings.targets import Context, contexts_of, gold_emotions_of
from rubrics.judges.opening import unpack
from rubrics.judging.artefact import artefact_hash
from rubrics.judging.spans import Spans, render_spans
from rubrics.models import Judge
from training.checkpoints.roots import usable_weights
from training.models import TrainingRun
from training.paths import SPEC, folder_of
from webapp.errors import Refused
from webapp.files.folders import make_private
from webapp.files.services import require_disk

SPEC_FORMAT = 1
# Rough: weights, optimizer and checkpoints of a small run. The trainer looks again, and closer.
DISK_NEEDED_BYTES = 200 * 1024 * 1024


def prepare(run: TrainingRun) -> Path:
    """Write the run's folder where it is not complete yet. The spec is written last and whole,
    so a folder with one is complete."""
    folder = folder_of(run)
    if (folder / SPEC).exists():
        return folder
    require_disk(DISK_NEEDED_BYTES)
    make_private(folder / "data")
    imitates = run.method == TrainingRun.Method.SFT
    train = _write_data(
        folder / "data/train.jsonl", _rows(run.train_snapshot, with_replies=imitates)
    )
    held_out = _write_data(folder / "data/held_out.jsonl", _rows(run.held_out_snapshot))
    spec: dict[str, Any] = {
        "spec_format": SPEC_FORMAT,
        "method": run.method,
        "model": {"path": str(usable_weights(run.base))},
        "data": {
            "train": "data/train.jsonl",
            "held_out": "data/held_out.jsonl",
            "hash": {"train": train, "held_out": held_out},
        },
        "rubric": run.spec.content,
        "rubric_hash": run.spec.hash,
        **run.settings,
    }
    if run.judge is not None:
        spec["judge"] = _judge(run.judge, folder)
    if imitates and run.settings["sft"].get("both_roles"):
        spec["data"]["seeker"] = "data/seeker.jsonl"
        spec["data"]["hash"]["seeker"] = _write_data(
            folder / "data/seeker.jsonl", _conversations(run.train_snapshot)
        )
    if imitates and run.validation_snapshot is not None:
        rows = list(_rows(run.validation_snapshot, with_replies=True))
        if rows:
            spec["data"]["validation"] = "data/validation.jsonl"
            spec["data"]["hash"]["validation"] = _write_data(folder / "data/validation.jsonl", rows)
    draft = folder / f"{SPEC}.part"
    draft.write_text(json.dumps(spec, indent=2, ensure_ascii=False, sort_keys=True))
    draft.rename(folder / SPEC)
    return folder


def _judge(judge: Judge, folder: Path) -> dict[str, Any]:
    if judge.kind == Judge.Kind.LEARNED:
        unpack(judge, folder / "judge")
        return {"kind": "learned", "path": "judge", "hash": artefact_hash(folder / "judge")}
    if judge.endpoint is None:
        raise Refused(f"{judge} has no endpoint.", code="no_endpoint")
    return {
        "kind": "llm",
        "base_url": judge.provenance["base_url"],
        "model": judge.provenance["model"],
        "max_concurrency": judge.endpoint.max_concurrency,
        "timeout_s": judge.endpoint.timeout_s,
        "parameters": judge.parameters,
        "allow_loopback": settings.LLM_ALLOW_LOOPBACK,
        "allowed_hosts": settings.LLM_ALLOWED_HOSTS,
    }


def _rows(snapshot: Snapshot, *, with_replies: bool = False) -> Iterable[dict[str, Any]]:
    """One prompt for each supporter turn that has a gold emotion and a seeker's turn before.
    `with_replies` leaves out turns without all four spans: there is nothing to imitate."""
    for prompt in _prompts(snapshot):
        reply = _reply_to_imitate(prompt.turn) if with_replies else None
        if with_replies and reply is None:
            continue
        context = prompt.context
        yield {
            "id": str(prompt.id),
            "split": prompt.dialogue.split,
            "messages": prompt_messages(context["profile"], context["situation"], prompt.history),
            "emotion": prompt.emotion,
            "context": {name: context[name] for name in ("profile", "situation", "history", "cut")},
            "name": f"{prompt.dialogue}, turn {prompt.turn.position + 1}",
            **({"completion": reply} if reply else {}),
        }


@dataclass(frozen=True)
class Prompt:
    """A supporter turn to write: what comes before it, and the emotion of its dialogue."""

    id: UUID
    turn: Turn
    context: Context
    emotion: str

    @property
    def dialogue(self) -> Dialogue:
        return self.turn.dialogue

    @property
    def history(self) -> Sequence[Any]:
        return self.context["history"]


def _prompts(snapshot: Snapshot) -> Iterable[Prompt]:
    members = snapshot.members.select_related("target__turn__dialogue").order_by("position")
    targets = [member.target for member in members]
    contexts, gold = contexts_of(targets), gold_emotions_of(targets)
    for target in targets:
        context = contexts[target.pk]
        history = context["history"]
        if target.turn is None or not history or history[-1]["role"] != "seeker":
            continue
        if target.turn.dialogue.emotion_label:
            yield Prompt(target.pk, target.turn, context, gold[target.pk])


def _conversations(snapshot: Snapshot) -> Iterable[dict[str, Any]]:
    """The dialogues of the prompts as the seeker speaks in them, each up to its last prompt."""
    longest: dict[UUID, Prompt] = {}
    for prompt in _prompts(snapshot):
        known = longest.get(prompt.dialogue.pk)
        if known is None or len(known.history) < len(prompt.history):
            longest[prompt.dialogue.pk] = prompt
    for pk, prompt in longest.items():
        *before, last = _joined(prompt.history)
        messages = seeker_messages(
            prompt.context["profile"], prompt.context["situation"], prompt.emotion, before
        )
        yield {
            "id": str(pk),
            "split": prompt.dialogue.split,
            "messages": [*messages, {"role": "assistant", "content": last["text"]}],
            "name": str(prompt.dialogue),
        }


def _joined(history: Sequence[Any]) -> list[Any]:
    """The turns, where several in a row by one speaker are one: chat templates want turns."""
    joined: list[Any] = []
    for turn in history:
        if joined and joined[-1]["role"] == turn["role"]:
            joined[-1] = {**turn, "text": f"{joined[-1]['text']}\n{turn['text']}"}
        else:
            joined.append(turn)
    return joined


def _reply_to_imitate(turn: Turn) -> str | None:
    """The four spans in the spelling that prompts ask for; None where the turn lacks one of them
    or a text holds a mark of its own."""
    if turn.spans is None:
        return None
    try:
        return render_spans(Spans(**turn.spans), "tokens")
    except ValueError:
        return None


def _write_data(path: Path, rows: Iterable[dict[str, Any]]) -> str:
    """Write one JSON object a line; returns the file's SHA-256."""
    lines = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows]
    if not lines:
        raise Refused(
            "The set has no usable prompts. It needs supporter turns that answer a seeker, in "
            "dialogues with one of the 32 emotions.",
            code="no_prompts",
        )
    content = "\n".join(lines).encode() + b"\n"
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()
