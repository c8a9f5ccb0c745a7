"""Short supervised runs: all weights, and LoRA with micro-batches."""

import json
import signal
from pathlib import Path

import pytest
import torch
import trl
from safetensors import safe_open
from trl import SFTTrainer

from tests.support import starter
from tests.training.trainer.conftest import run_trainer, start_held
from tests.training.trainer.folders import (
    data_rows,
    read_events,
    write_rows,
    write_run,
    write_spec,
)
from training.trainer.config import read_spec
from training.trainer.data import Conversation, read_rows
from training.trainer.generation import load_tokenizer
from training.trainer.sft import _seekers_side, sft_trainer
from training.trainer.strict import ConfigError

pytestmark = pytest.mark.slow
SFT = {"steps": 4, "batch_size": 4, "max_completion_tokens": 64, "save_every": 2}


def write_sft_run(folder, judge, /, **spec):
    """A run with four rows to validate with."""
    content = write_run(folder, judge, method="sft", **spec)
    rows = data_rows(4, 13, "validation")
    content["data"]["hash"]["validation"] = write_rows(folder / "data/validation.jsonl", rows)
    content["data"]["validation"] = "data/validation.jsonl"
    write_spec(folder, content)


def metrics(events, name):
    """(step, value) of each time that a metric was told."""
    return [
        (event["step"], event["values"][name])
        for event in events
        if event["type"] == "metrics" and name in event["values"]
    ]


# It asks no judge: nobody answers there.
GONE = {"kind": "llm", "base_url": "http://127.0.0.1:9/v1", "model": "gone"}


@pytest.mark.parametrize("named", [GONE, None], ids=["a judge that is gone", "no judge"])
def test_sft_learns_from_completions_and_leaves_a_checkpoint(judge, tmp_path, named):
    folder = tmp_path / "run"
    sft = {**SFT, "learning_rate": 1e-3, "validate_every": 2}
    write_sft_run(folder, judge, sft=sft, judge=named)
    run_trainer(folder)
    events = read_events(folder)
    assert not [e for e in events if e["type"] == "judge_pause"]
    losses = [value for _, value in metrics(events, "loss")]
    assert len(losses) == 4 and losses[-1] < losses[0]
    (first, before), (last, after) = metrics(events, "validation_loss")
    assert (first, last) == (2, 4) and before > 0 and after not in (0, before)
    assert [step for step, _ in metrics(events, "step_time_s")] == [1, 2, 3, 4]
    assert [e["path"] for e in events if e["type"] == "checkpoint"] == [
        "checkpoints/step-2",
        "checkpoints/final",
    ]
    assert events[-1] == events[-1] | {"type": "finished", "step": 4}


def conversations(n):
    """The seeker's side of the first exchanges of `n` dialogues."""
    found = []
    for row in data_rows(n, 11, "train"):
        first = row["context"]["history"][-1]["text"]
        said = [("user", "Hello."), ("assistant", first), ("user", "Go on."), ("assistant", first)]
        messages = [{"role": "system", "content": "You are the person."}]
        messages += [{"role": role, "content": content} for role, content in said]
        found.append({"id": row["id"], "split": "train", "messages": messages, "name": row["name"]})
    return found


def test_both_roles_are_learned(judge, tmp_path):
    folder = tmp_path / "run"
    content = write_run(folder, judge, method="sft", sft={**SFT, "both_roles": True}, train=2)
    content["data"]["seeker"] = "data/seeker.jsonl"
    path = folder / "data/seeker.jsonl"
    content["data"]["hash"]["seeker"] = write_rows(path, conversations(2))
    write_spec(folder, content)
    run_trainer(folder)
    losses = metrics(read_events(folder), "loss")
    assert len(losses) == 4
    write_run(tmp_path / "one role", judge, method="sft", sft=SFT, train=2)
    run_trainer(tmp_path / "one role")
    assert losses != metrics(read_events(tmp_path / "one role"), "loss")


def test_the_seekers_messages_alone_are_learned_of_a_dialogue():
    tokenizer = load_tokenizer(starter.FOLDER)
    [given] = conversations(1)
    sample = _seekers_side(Conversation(**given), tokenizer, context=4096)
    first = given["messages"][2]["content"]
    learned = [
        token
        for token, label in zip(sample["input_ids"], sample["labels"], strict=True)
        if label != -100
    ]
    assert all(label in (-100, token) for token, label in zip(*sample.values(), strict=True))
    assert tokenizer.decode(learned, skip_special_tokens=True).count(first) == 2
    assert "Go on" not in tokenizer.decode(learned)
    short = len(sample["input_ids"]) - 1
    cut = _seekers_side(Conversation(**given), tokenizer, context=short)
    assert tokenizer.decode(cut["input_ids"]).count(first) == 1, "as many as the model reads"
    with pytest.raises(ConfigError, match=r"first message of Dialogue 1, turn 2 is too long"):
        _seekers_side(Conversation(**given), tokenizer, context=8)


QWEN3 = Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja"


def test_a_template_that_writes_the_last_message_in_another_way_leaves_none_out():
    tokenizer = load_tokenizer(starter.FOLDER)
    tokenizer.chat_template = QWEN3.read_text()
    [given] = conversations(1)
    sample = _seekers_side(Conversation(**given), tokenizer, context=4096)
    learned = [label for label in sample["labels"] if label != -100]
    first = given["messages"][2]["content"]
    assert tokenizer.decode(learned, skip_special_tokens=True).count(first) == 2
    assert "user" not in tokenizer.decode(learned).replace(first, "")


def test_the_loss_is_that_of_trl(judge, tmp_path):
    """For rows of different lengths, and in parts of a step."""
    write_run(tmp_path / "run", judge, method="sft", sft=SFT, train=2)
    spec, tokenizer = read_spec(tmp_path / "run"), load_tokenizer(starter.FOLDER)
    rows = read_rows(spec.train, "train")
    trainer, _ = sft_trainer(spec, rows, [], [], tokenizer, tmp_path / "work")
    samples = [trainer.train_dataset[at] for at in range(2)]
    assert len(samples[0]["input_ids"]) != len(samples[1]["input_ids"])
    batch = trainer.data_collator(samples)
    for items in (None, torch.tensor(40)):
        ours, theirs = (
            loss(trainer, trainer.model, dict(batch), num_items_in_batch=items)
            for loss in (type(trainer).compute_loss, SFTTrainer.compute_loss)
        )
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-4)


def test_lora_leaves_whole_models_and_continues_from_its_adapters(judge, tmp_path):
    folder = tmp_path / "run"
    lora = {"rank": 4, "alpha": 8}
    sft = {**SFT, "learning_rate": 1e-2, "micro_batch": 2}
    write_sft_run(folder, judge, sft=sft, lora=lora)
    child = start_held(folder, 3)
    child.send_signal(signal.SIGKILL)
    child.wait()
    run_trainer(folder)
    events = read_events(folder)
    assert [e["resumed_from_step"] for e in events if e["type"] == "started"] == [0, 2]
    paths = [e["path"] for e in events if e["type"] == "checkpoint"]
    assert set(paths) == {"checkpoints/step-2/merged", "checkpoints/final"}
    for path in paths:
        assert_whole_model(folder / path)


def assert_whole_model(folder):
    """The starter's tensors by the same names, some of them changed."""
    assert json.loads((folder / "config.json").read_text())["architectures"]
    with (
        safe_open(folder / "model.safetensors", "pt") as trained,
        safe_open(starter.FOLDER / "model.safetensors", "pt") as base,
    ):
        assert set(trained.keys()) == set(base.keys())
        changed = [
            name
            for name in base.keys()  # noqa: SIM118 - not a mapping
            if not trained.get_tensor(name).float().equal(base.get_tensor(name).float())
        ]
    assert any("proj" in name for name in changed)


def test_prompts_that_do_not_fit_the_context_are_refused(judge, tmp_path):
    folder = tmp_path / "run"
    write_sft_run(folder, judge, sft={**SFT, "max_completion_tokens": 4090})
    run_trainer(folder, expected=2)
    [failed] = [e for e in read_events(folder) if e["type"] == "failed"]
    assert "8 of 8 prompts are too long for this model (" in failed["reason"]
    # By the name that people know, or by the id where a folder has none.
    assert "(Dialogue 1, turn 2; " in failed["reason"] and "; and 3 more)" in failed["reason"]
    assert "reads at most 4,096" in failed["reason"]
