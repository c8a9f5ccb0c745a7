"""Run folders for the tests: real prompts of the starter's corpus, a judge fitted on its grades."""

import hashlib
import json
from pathlib import Path
from typing import Any

from annotation.generation.prompts import prompt_messages
from rubrics.core.spec import spec_hash, to_json
from rubrics.demo import kardia
from rubrics.judging import artefact
from rubrics.judging.inputs import candidate_of
from rubrics.judging.learned import LabelledRow, LearnedJudge, fit
from tests.support import starter
from tests.support.starter.corpus import dialogues

UIDS = {
    "relevance": kardia.RELEVANCE_UID,
    "fluency": kardia.FLUENCY_UID,
    "empathy": kardia.EMPATHY_UID,
    "persona_consistency": kardia.PERSONA_UID,
    "safety": kardia.SAFETY_UID,
}


def judge_on_grades(n: int, seed: int) -> LearnedJudge:
    """A learned judge of the Kardia rubric, fitted on grades by construction."""
    labelled = [
        LabelledRow(
            {**context, "candidate": candidate_of(turn["raw"]), "cut": 0},
            {UIDS[name]: level for name, level in turn["grades"].items()},
        )
        for dialogue in dialogues(n, seed, split="train")
        for context, turn in _supporter_turns(dialogue)
    ]
    return fit(kardia.KARDIA, labelled, seed=seed)


def data_rows(n: int, seed: int, split: str) -> list[dict[str, Any]]:
    """One row a dialogue: the first supporter turn, with its reply as completion."""
    rows = []
    for dialogue in dialogues(n, seed, split=split):
        context, turn = next(_supporter_turns(dialogue))
        rows.append(
            {
                "id": dialogue["id"],
                "split": split,
                "messages": prompt_messages(**context),
                "emotion": dialogue["emotion"],
                "context": context,
                "completion": turn["raw"],
                "name": f"Dialogue {len(rows) + 1}, turn 2",
            }
        )
    return rows


def _supporter_turns(dialogue: dict[str, Any]):
    for at, turn in enumerate(dialogue["turns"]):
        if turn["role"] == "supporter":
            history = [{k: t[k] for k in ("role", "text")} for t in dialogue["turns"][:at]]
            yield (
                {
                    "profile": dialogue["profile"]["text"],
                    "situation": dialogue["situation"],
                    "history": history,
                },
                turn,
            )


def write_run(
    folder: Path, fitted: LearnedJudge, /, *, train: int = 8, held_out: int = 4, **spec: Any
) -> dict[str, Any]:
    """A run folder whose spec has the fields of `spec` on top; returns the spec."""
    (folder / "data").mkdir(parents=True)
    artefact.save(fitted, folder / "judge")
    hashes = {
        "train": write_rows(folder / "data/train.jsonl", data_rows(train, 11, "train")),
        "held_out": write_rows(folder / "data/held_out.jsonl", data_rows(held_out, 12, "test")),
    }
    content = {
        "spec_format": 1,
        "method": "grpo",
        "model": {"path": str(starter.FOLDER)},
        "data": {
            "train": "data/train.jsonl",
            "held_out": "data/held_out.jsonl",
            "hash": hashes,
        },
        "rubric": to_json(kardia.KARDIA),
        "rubric_hash": spec_hash(kardia.KARDIA),
        "judge": {"kind": "learned", "path": "judge"},
        "seed": 3,
        **spec,
    }
    write_spec(folder, content)
    return content


def write_spec(folder: Path, content: dict[str, Any]) -> None:
    (folder / "spec.json").write_text(json.dumps(content), encoding="utf-8")


def write_rows(path: Path, rows: list[dict[str, Any]]) -> str:
    """Write the rows; returns the file's sha256."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def read_events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]
