"""Events as the trainer writes them, numbered over the whole file."""

import json
from pathlib import Path
from typing import Any

SPANS = {
    "understanding": "She is alone at night.",
    "reasoning": "Name it first.",
    "emotion": "lonely",
    "response": "The evenings are long. Whom do you miss?",
}


def started(step: int = 0, attempt: int = 1) -> dict[str, Any]:
    return {
        "type": "started",
        "attempt": attempt,
        "resumed_from_step": step,
        "pid": 1,
        "versions": {"python": "3.11"},
        "steps_total": 4,
    }


def metrics(step: int, reward: float = 0.5, **values: Any) -> dict[str, Any]:
    named = {
        "reward": reward,
        "reward_std": 0.1,
        "format": 0.75,
        "emotion": 0.5,
        "rubric": 0.6,
        "kl": 0.001 * step,
        "length": 41.5,
        "frac_reward_zero_std": 0.25,
        "step_time_s": 2.0,
        "judge_failures": 0.0,
    }
    return {"type": "metrics", "step": step, "values": named | values}


def sft_metrics(step: int, loss: float) -> dict[str, Any]:
    values = {"loss": loss, "token_accuracy": 0.5, "grad_norm": 1.0, "learning_rate": 1e-4}
    return {"type": "metrics", "step": step, "values": values | {"step_time_s": 2.0}}


def rollouts(step: int, *, prompts: int = 2, replies: int = 4) -> dict[str, Any]:
    return {
        "type": "rollouts",
        "step": step,
        "groups": [
            {
                "prompt_id": f"prompt-{prompt}",
                "emotion": "lonely",
                "prompt_tail": f"Nobody calls, {prompt}.",
                "rollouts": [rollout(index) for index in range(replies)],
            }
            for prompt in range(prompts)
        ],
    }


def rollout(index: int, **changes: Any) -> dict[str, Any]:
    return {
        "index": index,
        "raw": "<|response_begin|>…",
        "spans": SPANS,
        "format": 1.0,
        "emotion": 1.0,
        "scores": {
            "empathy": {"status": "scored", "value": 4, "rationale": "It names the nights."},
            "plan": {"status": "failed", "value": None, "rationale": "No number was given."},
        },
        "rubric": 0.7,
        "reward": 0.9,
        "advantage": 0.4 - index / 10,
        "cut": 0,
    } | changes


def judge_calls(step: int) -> dict[str, Any]:
    call = {
        "prompt_id": "prompt-0",
        "index": 0,
        "request": {"messages": []},
        "reply": "{}",
        "error": "",
        "latency_ms": 12.5,
        "prompt_tokens": 3,
        "completion_tokens": None,
    }
    return {"type": "judge_calls", "step": step, "calls": [call, call]}


def checkpoint(step: int, sha256: str = "ab" * 32) -> dict[str, Any]:
    return {
        "type": "checkpoint",
        "step": step,
        "path": f"checkpoints/step-{step}",
        "sha256": sha256,
    }


def append(folder: Path, *events: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "events.jsonl"
    number = path.read_text().count("\n") if path.exists() else 0
    with path.open("a") as file:
        for seq, event in enumerate(events, start=number + 1):
            file.write(json.dumps({"seq": seq, "at": "2030-01-01T00:00:00Z", **event}) + "\n")


def whole_run(steps: int = 4) -> list[dict[str, Any]]:
    """What a run of `steps` steps tells that nothing disturbed."""
    told = [started()]
    for step in range(1, steps + 1):
        told += [rollouts(step), metrics(step, 0.4 + step / 10)]
    return [
        *told,
        checkpoint(steps),
        {"type": "finished", "step": steps},
    ]
