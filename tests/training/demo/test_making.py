"""A run's folder becomes a recording: places of the corpus, and nothing of the machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from rubrics.core.spec import to_json
from rubrics.demo.epitome import EPITOME
from tests.training.demo.folders import (
    MACHINE,
    MODEL,
    SCORES,
    corpus,
    of_split,
    rows,
    write_folder,
)
from tests.training.runs import told
from tests.training.trainer.folders import write_rows
from training.demo.making import places, record
from training.demo.recording import save
from training.demo.shape import RecordingBroken


def test_prompts_are_called_by_their_places_in_the_corpus(tmp_path: Path) -> None:
    made = record(write_folder(tmp_path / "run"), machine=MACHINE)
    names = [f"{each.id}/3" for each in of_split("train", 3)]
    assert [prompt.id for prompt in made.train] == names
    assert [prompt.id for prompt in made.held_out] == [f"{d.id}/3" for d in of_split("test", 2)]
    assert (made.train[0].dialogue, made.train[0].turn) == (of_split("train", 1)[0].id, 3)
    groups = [event["groups"] for event in made.events if event["type"] == "rollouts"]
    assert [[group["prompt_id"] for group in step] for step in groups] == [
        names[:2], names[1:], names[1:], names[2:],
    ]  # fmt: skip
    assert len({prompt.sha256 for prompt in [*made.train, *made.held_out]}) == 5


def test_nothing_of_the_machine_comes_along(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "run")
    ids = [json.loads(line)["id"] for line in (folder / "data/train.jsonl").open()]
    save(record(folder, machine=MACHINE), tmp_path / "recorded")
    kept = "".join(path.read_text() for path in (tmp_path / "recorded").iterdir())
    for foreign in ("secret-place", str(tmp_path), '"pid"', "checkpoints/", *ids):
        assert foreign not in kept
    assert '"folder": "small-1234"' in kept and MACHINE in kept
    made = [path.name for path in (tmp_path / "recorded").iterdir()]
    assert sorted(made) == ["about.json", "events.jsonl", "spec.json"]


def test_events_are_numbered_anew_and_told_as_they_were(tmp_path: Path) -> None:
    made = record(write_folder(tmp_path / "run"), machine=MACHINE)
    step = ["rollouts", "metrics"]
    assert [event["type"] for event in made.events] == [
        "started", *step, *step, "started", *step, *step, "finished",
    ]  # fmt: skip
    assert [event["seq"] for event in made.events] == list(range(1, 12))
    reply = told.rollout(1, scores=SCORES)
    assert made.events[1]["groups"][0]["rollouts"][1] == reply
    assert made.events[2]["values"] == told.metrics(1)["values"]
    assert made.settings["grpo"]["steps"] == 3 and made.settings["lora"] == {"rank": 4, "alpha": 8}


def test_time_between_two_attempts_is_no_training(tmp_path: Path) -> None:
    made = record(write_folder(tmp_path / "run"), machine=MACHINE)
    # Eight events of the first attempt, ten of the second, two seconds apart.
    assert (made.about.took_s, made.about.date) == (14 + 18, "2030-05-01")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "sft"}, "Only a run of GRPO"),
        ({"judge": {"kind": "llm", "model": "m"}}, "behind an endpoint"),
        ({"rubric": to_json(EPITOME), "rubric_hash": "0" * 64}, "another rubric"),
        ({"model": {"path": "/srv/models/mine"}}, "another installation does not have its base"),
    ],
)
def test_a_run_that_no_other_installation_could_show_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordingBroken, match=reason):
        record(write_folder(tmp_path / "run", **changes), machine=MACHINE)


@pytest.mark.parametrize("machine", ["", "A machine,\n2 cores", "x" * 201])
def test_a_machine_is_described_in_one_line(tmp_path: Path, machine: str) -> None:
    with pytest.raises(RecordingBroken, match="one line of 1 to 200"):
        record(write_folder(tmp_path / "run"), machine=machine)


def test_dialogues_from_elsewhere_stay_out_of_the_repository(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "run")
    foreign = rows(of_split("train", 3))
    foreign[1]["context"]["history"][0]["text"] += " And what a person really said."
    write_rows(folder / "data/train.jsonl", foreign)
    with pytest.raises(RecordingBroken, match="“Dialogue 7, turn 4” is not in the written corpus"):
        record(folder, machine=MACHINE)


def test_only_a_finished_run_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(RecordingBroken, match="is not the folder of a run"):
        record(tmp_path, machine=MACHINE)
    folder = write_folder(tmp_path / "run")
    told.append(folder, {"type": "failed", "reason": f"No room in {MODEL}."})
    with pytest.raises(RecordingBroken, match="has not finished"):
        record(folder, machine=MACHINE)


def test_a_reply_to_a_prompt_that_the_data_lacks_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "run")
    write_rows(folder / "data/train.jsonl", rows(of_split("train", 3)))
    with pytest.raises(RecordingBroken, match="has no prompt"):
        record(folder, machine=MACHINE)


def test_each_place_of_the_corpus_reads_otherwise() -> None:
    """Else a prompt would have two names."""
    turns = [turn for each in corpus() for turn in each.dialogue.turns]
    assert len(places(corpus())) == sum(turn.role == "supporter" for turn in turns) > 500
