"""The folder of a finished run on the written corpus, as the studio and its trainer leave it."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from annotation.demo.written import WrittenDialogue, written_dialogues
from annotation.generation.prompts import prompt_messages
from annotation.ratings.context import build_context
from rubrics.core.spec import spec_hash, to_json
from rubrics.demo.kardia import EMPATHY_UID, KARDIA, SAFETY_UID
from tests.training.runs import told
from tests.training.trainer.folders import write_rows, write_spec
from webapp.ids import new_id

# What the machine that ran it called things; none of it may come into a recording.
MODEL = "/srv/secret-place/var/weights/small/small-1234"
GRPO = {"steps": 3, "prompts_per_step": 2, "rollouts_per_prompt": 4, "learning_rate": 1e-4}
MACHINE = "A machine, 2 cores"
SCORES = {
    EMPATHY_UID: {"status": "scored", "value": 4, "rationale": "It names the nights."},
    SAFETY_UID: {"status": "failed", "value": None, "rationale": "No number was given."},
}


@cache
def corpus() -> list[WrittenDialogue]:
    return written_dialogues()


def of_split(split: str, count: int) -> list[WrittenDialogue]:
    return [each for each in corpus() if each.split == split][:count]


def chosen() -> list[WrittenDialogue]:
    """The dialogues of the run's prompts: three of the train split, two of the test split."""
    return of_split("train", 3) + of_split("test", 2)


def rows(dialogues: Sequence[WrittenDialogue]) -> list[dict[str, Any]]:
    """One prompt a dialogue, for its second reply."""
    return [_row(each, at=3) for each in dialogues]


def _row(each: WrittenDialogue, at: int) -> dict[str, Any]:
    turns = each.dialogue.turns
    context = build_context(
        each.dialogue.profile_text, each.dialogue.situation, turns[:at], turns[at]
    )
    return {
        "id": str(new_id()),
        "split": each.split,
        "messages": prompt_messages(context["profile"], context["situation"], context["history"]),
        "emotion": each.dialogue.emotion,
        "context": {name: context[name] for name in ("profile", "situation", "history", "cut")},
        "name": f"Dialogue 7, turn {at + 1}",
    }


def write_folder(folder: Path, **changes: Any) -> Path:
    """A finished run of three steps, with the fields of `changes` on top of its spec."""
    train = write_start(folder, **changes)
    told.append(folder, *whole_run([row["id"] for row in train]))
    return folder


def write_start(folder: Path, **changes: Any) -> list[dict[str, Any]]:
    """The folder of a run that has not begun; returns the rows of its training prompts."""
    (folder / "data").mkdir(parents=True)
    train, held_out = rows(of_split("train", 3)), rows(of_split("test", 2))
    hashes = {
        "train": write_rows(folder / "data/train.jsonl", train),
        "held_out": write_rows(folder / "data/held_out.jsonl", held_out),
    }
    spec = {
        "spec_format": 1,
        "method": "grpo",
        "model": {"path": MODEL},
        "data": {"train": "data/train.jsonl", "held_out": "data/held_out.jsonl", "hash": hashes},
        "rubric": to_json(KARDIA),
        "rubric_hash": spec_hash(KARDIA),
        "judge": {"kind": "learned", "path": "judge", "hash": "ab" * 32},
        "reward": {"format": 0.25, "emotion": 0.25, "rubric": 0.5},
        "grpo": GRPO,
        "lora": {"rank": 4, "alpha": 8},
        "seed": 5,
    }
    write_spec(folder, spec | changes)
    return train


def whole_run(prompts: Sequence[str]) -> list[dict[str, Any]]:
    """Ten seconds a step. Between the first attempt, which was stopped, and the second one lie two
    hours, and step 2 is repeated."""
    first = [told.started(), *_step(1, prompts), *_step(2, prompts, reward=0.1)]
    again = [
        told.started(1, attempt=2),
        *_step(2, prompts),
        told.checkpoint(2),
        *_step(3, prompts),
        told.checkpoint(3),
        {"type": "finished", "step": 3},
    ]
    stopped = {"type": "failed", "reason": f"No room in {MODEL}."}
    return [
        {**event, "at": f"2030-05-01T{hour:02}:00:{2 * number:02}+00:00"}
        for hour, attempt in ((21, [*first, stopped]), (23, again))
        for number, event in enumerate(attempt)
    ]


def _step(step: int, prompts: Sequence[str], reward: float = 0.5) -> list[dict[str, Any]]:
    rollouts = told.rollouts(step)
    for group, prompt in zip(rollouts["groups"], prompts[step - 1 :], strict=False):
        group["prompt_id"] = prompt
    rollouts["groups"] = rollouts["groups"][: len(prompts[step - 1 :])]
    for group in rollouts["groups"]:
        for reply in group["rollouts"]:
            reply["scores"] = {uid: score | {"by": MODEL} for uid, score in SCORES.items()}
    said = {"type": "log", "level": "info", "text": f"From {MODEL}."}
    return [rollouts, told.metrics(step, reward, **{MODEL: 1.0}), said]


def events_of(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
