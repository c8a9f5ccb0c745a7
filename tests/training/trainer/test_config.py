"""A bad spec is refused before anything starts, with the field's path and a reason."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import LONG_S
from tests.training.trainer.conftest import ROOT
from tests.training.trainer.folders import read_events, write_rows, write_run, write_spec
from training.trainer.config import GrpoSection, read_spec
from training.trainer.data import read_rows
from training.trainer.strict import ConfigError


@pytest.fixture
def folder(judge, tmp_path: Path) -> Path:
    write_run(tmp_path / "run", judge)
    return tmp_path / "run"


def change(folder: Path, **fields) -> None:
    write_spec(folder, json.loads((folder / "spec.json").read_text()) | fields)


def test_a_good_spec_is_read_with_the_measured_defaults(folder):
    spec = read_spec(folder)
    assert spec.grpo == GrpoSection()
    assert (spec.grpo.learning_rate, spec.grpo.beta, spec.grpo.loss_type) == (2e-4, 0.02, "dapo")
    assert spec.reward.format == spec.reward.emotion == spec.reward.rubric == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"spec_format": 2}, "spec_format"),
        ({"method": "ppo"}, "method"),
        ({"surprise": 1}, "surprise"),
        ({"rubric_hash": None}, "rubric_hash"),
        ({"rubric_hash": "0" * 64}, "rubric_hash"),
        ({"rubric": {"spec_format": 1, "title": 3}}, "rubric.title"),
        ({"model": {"path": "/nowhere"}}, "model.path"),
        ({"model": {"path": "data"}}, "model.path"),
        ({"model": {}}, "model.path"),
        ({"judge": {"kind": "learned", "path": "nowhere"}}, "judge.path"),
        ({"judge": {"kind": "learned", "path": "judge", "hash": "0"}}, "judge.hash"),
        ({"judge": {"kind": "oracle"}}, "judge.kind"),
        ({"judge": {"kind": "llm", "model": "m"}}, "judge.base_url"),
        ({"reward": {"format": -0.1}}, "reward.format"),
        ({"reward": {"format": 0, "emotion": 0, "rubric": 0}}, "reward"),
        ({"reward": {"rubric": float("nan")}}, "reward.rubric"),
        ({"grpo": {"steps": 0}}, "grpo.steps"),
        ({"grpo": {"steps": True}}, "grpo.steps"),
        ({"grpo": {"learning_rate": 0}}, "grpo.learning_rate"),
        ({"grpo": {"rollouts_per_prompt": 1}}, "grpo.rollouts_per_prompt"),
        ({"grpo": {"loss_type": "magic"}}, "grpo.loss_type"),
        ({"grpo": {"micro_batch": 0}}, "grpo.micro_batch"),
        ({"grpo": {"micro_batch": 5}}, "grpo.micro_batch"),
        ({"sft": {"batch_size": 6, "micro_batch": 4}}, "sft.micro_batch"),
        ({"method": "sft", "sft": {"both_roles": True}}, "data.seeker"),
        ({"lora": {"rank": 0}}, "lora.rank"),
        ({"lora": {"layers": "all"}}, "lora.layers"),
        ({"seed": -1}, "seed"),
    ],
)
def test_refused(folder, fields, path):
    change(folder, **fields)
    with pytest.raises(ConfigError) as refusal:
        read_spec(folder)
    assert refusal.value.path == path
    assert refusal.value.reason


@pytest.mark.parametrize(
    ("architectures", "is_taken"),
    [
        (["GPT2LMHeadModel"], True),
        (["OddForCausalLM", "Other"], True),
        (["BertForMaskedLM"], False),
        ([], False),
        ([None], False),
        ("ForCausalLM", False),
    ],
)
def test_the_trainer_takes_the_architectures_that_can_be_added(folder, architectures, is_taken):
    made = folder / "model"
    made.mkdir()
    (made / "config.json").write_text(json.dumps({"architectures": architectures}))
    (made / "model.safetensors").touch()
    change(folder, model={"path": "model"})
    if is_taken:
        assert read_spec(folder).model == made
    else:
        with pytest.raises(ConfigError, match="not a causal language model"):
            read_spec(folder)


def test_a_file_that_changed_since_is_refused(folder):
    with (folder / "data/train.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(ConfigError, match="data.hash.train"):
        read_spec(folder)


def test_a_judge_of_other_wording_is_refused(folder):
    from rubrics.core.spec import from_json, spec_hash

    rubric = json.loads((folder / "spec.json").read_text())["rubric"]
    rubric["criteria"][-1]["description"] = "Something else entirely?"
    change(folder, rubric=rubric, rubric_hash=spec_hash(from_json(rubric)))
    with pytest.raises(ConfigError, match="not fitted on this wording of “Safety”"):
        read_spec(folder)


def test_no_spec_and_broken_json(folder):
    (folder / "spec.json").write_text("{")
    with pytest.raises(ConfigError, match="JSON"):
        read_spec(folder)
    (folder / "spec.json").unlink()
    with pytest.raises(ConfigError, match="no spec.json"):
        read_spec(folder)


def test_grpo_without_a_judge_is_refused(folder):
    spec = json.loads((folder / "spec.json").read_text())
    del spec["judge"]
    write_spec(folder, spec)
    with pytest.raises(ConfigError, match="GRPO needs a judge"):
        read_spec(folder)
    write_spec(folder, spec | {"method": "sft"})
    assert read_spec(folder).judge is None


ROW = {
    "id": "a",
    "split": "train",
    "messages": [{"role": "user", "content": "one\u2028two"}],
    "emotion": "sad",
    "context": {"profile": "", "situation": "", "history": []},
}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"split": "test"}, "data.train[line 2].split"),
        ({"split": "validation"}, "data.train[line 2].split"),
        ({"split": "dev"}, "data.train[line 2].split"),
        ({"id": "a"}, "data.train[line 2].id"),
        ({"messages": []}, "data.train[line 2].messages"),
        ({"messages": [{"role": "user"}]}, "data.train[line 2].messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "data.train[line 2].messages"),
        ({"context": {}}, "data.train[line 2].context"),
        ({"emotion": None}, "data.train[line 2].emotion"),
        ({"extra": 1}, "data.train[line 2].extra"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path, change, path):
    write_rows(tmp_path / "train.jsonl", [ROW, ROW | {"id": "b"} | change])
    with pytest.raises(ConfigError) as refusal:
        read_rows(tmp_path / "train.jsonl", "train")
    assert refusal.value.path == path


def test_a_train_row_does_not_measure(tmp_path):
    write_rows(tmp_path / "held_out.jsonl", [ROW])
    with pytest.raises(ConfigError, match="held_out"):
        read_rows(tmp_path / "held_out.jsonl", "held_out")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(ConfigError, match="data.train"):
        read_rows(tmp_path / "train.jsonl", "train")


def test_line_separators_inside_texts_are_no_line_ends(tmp_path):
    write_rows(tmp_path / "train.jsonl", [ROW])
    assert read_rows(tmp_path / "train.jsonl", "train")[0].prompt_tail == "one\u2028two"


@pytest.mark.slow
def test_the_command_says_why_it_refuses(folder):
    shutil.rmtree(folder / "judge")
    command = [sys.executable, "-m", "training.trainer", folder]
    assert subprocess.run(command, cwd=ROOT, timeout=LONG_S, check=False).returncode == 2
    (event,) = read_events(folder)
    assert event["type"] == "failed"
    assert "judge.path: judge.json is missing" in event["reason"]
