"""Real GRPO runs on the starter model: what they report, and that interruptions change nothing."""

import hashlib
import signal
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rubrics.demo.kardia import KARDIA
from tests.support.waiting import SHORT_S
from tests.training.trainer.conftest import SMALL_GRPO, run_trainer, start_held
from tests.training.trainer.folders import read_events, write_run

pytestmark = pytest.mark.slow
STEPS = SMALL_GRPO["steps"]


def series(folder: Path, name: str = "reward") -> dict[int, float]:
    """The metric by step, as the studio keeps it: a resumed attempt replaces later steps."""
    values: dict[int, float] = {}
    for event in read_events(folder):
        if event["type"] == "started":
            values = {s: v for s, v in values.items() if s <= event["resumed_from_step"]}
        if event["type"] == "metrics":
            assert event["step"] not in values
            values[event["step"]] = event["values"][name]
    return values


def test_lora_in_parts_of_a_step_scores_the_whole_step(judge, tmp_path):
    folder = tmp_path / "run"
    grpo = {**SMALL_GRPO, "steps": 2, "micro_batch": 4, "learning_rate": 1e-2}
    write_run(folder, judge, grpo=grpo, lora={"rank": 4, "alpha": 8})
    run_trainer(folder)
    events = read_events(folder)
    rollouts = [e for e in events if e["type"] == "rollouts"]
    assert [e["step"] for e in rollouts] == [1, 2]
    assert all(len(group["rollouts"]) == 4 for e in rollouts for group in e["groups"])
    assert all(len(e["groups"]) == 2 for e in rollouts)
    [final] = [e for e in events if e["type"] == "checkpoint"]
    assert not (folder / final["path"] / "adapter_config.json").exists()
    AutoModelForCausalLM.from_pretrained(folder / final["path"])


def test_a_run_tells_its_whole_story(undisturbed):
    events = read_events(undisturbed)
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    kinds = [e["type"] for e in events if e["type"] != "log"]
    assert (kinds[0], kinds[-2:]) == ("started", ["checkpoint", "finished"])
    assert events[0]["attempt"] == 1 and events[0]["steps_total"] == STEPS
    assert [e["step"] for e in events if e["type"] == "checkpoint"] == [2, STEPS]

    metrics = [e["values"] for e in events if e["type"] == "metrics"]
    assert len(metrics) == STEPS
    uids = {f"criterion/{c.uid}" for c in KARDIA.judge_criteria}
    assert {
        *("reward", "reward_std", "format", "emotion", "rubric", "kl", "entropy", "length"),
        *("clipped_ratio", "frac_reward_zero_std", "grad_norm", "step_time_s", "judge_failures"),
    } | uids <= set(metrics[0])


def test_rollouts_add_up_to_the_metrics_of_their_step(undisturbed):
    events = read_events(undisturbed)
    metrics = {e["step"]: e["values"] for e in events if e["type"] == "metrics"}
    for event in (e for e in events if e["type"] == "rollouts"):
        assert [len(group["rollouts"]) for group in event["groups"]] == [4, 4]
        rollouts = [r for group in event["groups"] for r in group["rollouts"]]
        assert {r["index"] for r in rollouts} == {0, 1, 2, 3}
        for r in rollouts:
            assert r["reward"] == pytest.approx((r["format"] + r["emotion"] + r["rubric"]) / 3)
            assert (r["spans"] is not None) == (r["format"] == 1.0)
        mean = sum(r["reward"] for r in rollouts) / len(rollouts)
        assert metrics[event["step"]]["reward"] == pytest.approx(mean, abs=1e-5)
        for group in event["groups"]:
            assert sum(r["advantage"] for r in group["rollouts"]) == pytest.approx(0, abs=1e-6)


def test_the_final_checkpoint_is_a_model_folder_without_pickles(undisturbed):
    final = undisturbed / "checkpoints/final"
    tokenizer = AutoTokenizer.from_pretrained(final)
    model = AutoModelForCausalLM.from_pretrained(final)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hello."}], add_generation_prompt=True, return_tensors="pt"
    )
    with torch.inference_mode():
        assert model.generate(**prompt, max_new_tokens=4).shape[1] > prompt["input_ids"].shape[1]
    assert not [p for p in final.iterdir() if p.suffix in (".bin", ".pt", ".pth", ".pkl")]
    event = [e for e in read_events(undisturbed) if e["type"] == "checkpoint"][-1]
    assert event["path"] == "checkpoints/final"
    manifest = (final / "manifest.json").read_bytes()
    assert event["sha256"] == hashlib.sha256(manifest).hexdigest()


def test_a_finished_run_is_not_run_again(undisturbed):
    before = (undisturbed / "events.jsonl").read_bytes()
    run_trainer(undisturbed)
    assert (undisturbed / "events.jsonl").read_bytes() == before


def test_killed_in_the_middle_and_run_again_gives_the_same_rewards(undisturbed, judge, tmp_path):
    folder = tmp_path / "run"
    write_run(folder, judge, grpo=SMALL_GRPO)
    child = start_held(folder, 3)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert read_events(folder)[-1]["type"] == "metrics"
    run_trainer(folder)

    started = [e for e in read_events(folder) if e["type"] == "started"]
    assert [e["attempt"] for e in started] == [1, 2]
    assert started[1]["resumed_from_step"] == 2
    assert series(folder) == pytest.approx(series(undisturbed), abs=1e-4)
    assert series(folder, "kl") == pytest.approx(series(undisturbed, "kl"), abs=1e-4)


def test_sigterm_saves_and_ends_well_and_the_run_goes_on_from_there(undisturbed, judge, tmp_path):
    folder = tmp_path / "run"
    write_run(folder, judge, grpo={**SMALL_GRPO, "save_every": 100})
    child = start_held(folder, 1)
    child.send_signal(signal.SIGTERM)
    (folder / "go-on").touch()
    assert child.wait(SHORT_S) == 0, child.output
    checkpoint, stopped = read_events(folder)[-2:]
    assert (checkpoint["type"], stopped["type"]) == ("checkpoint", "stopped")
    assert checkpoint["step"] == stopped["step"] < STEPS

    run_trainer(folder)
    assert read_events(folder)[-1]["type"] == "finished"
    assert series(folder) == pytest.approx(series(undisturbed), abs=1e-4)
