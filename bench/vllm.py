"""vLLM beside the local server, and what the order of a judge's prompt is worth, in one run.

`python -m bench vllm [MODEL_DIR] [--rounds 3]`. Without a model it makes the small language model
(SmolLM2-135M-Instruct, docs/checkpoints.md) for itself. Figures are requests a second, medians of
the rounds: `generate` is a supporter's reply of up to 128 tokens; `rubric_first` and `rubric_last`
are calls of a judge that chooses a level of one criterion of the Kardia rubric, with the prompt
as the studio sends it and with its two messages swapped. The number is of clients at once.
"""

import argparse
import os
import statistics
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench._serving import (
    CLIENTS,
    count,
    local_command,
    make_ready,
    measured,
    model_or_small,
    started,
    supporter_prompts,
)
from rubrics.demo.kardia import KARDIA
from rubrics.judging.inputs import candidate_of
from rubrics.judging.prompts import build_messages

CRITERION = KARDIA.judge_criteria[2]
CHOICE = {
    "structured_outputs": {"choice": [str(value) for value in CRITERION.level_values]},
    "logprobs": True,
    "top_logprobs": 20,
    "temperature": 0,
    "max_tokens": 2,
}


def main(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench vllm", description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)

    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    rates: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        model = stack.enter_context(model_or_small(options.model))
        theirs = [sys.executable, "-m", "webapp.embedded.vllm", "serve", f"bench={model}"]
        servers = [
            stack.enter_context(started("vllm", theirs, "bench", offline)),
            stack.enter_context(started("local", local_command(model), "bench", offline)),
        ]
        make_ready(servers)
        for number in range(options.rounds):
            for clients in CLIENTS:
                for server in servers:
                    for task, (prompts, body) in _tasks(number, clients).items():
                        rate, _ = measured(server, prompts, clients, **body)
                        rates[f"{server.name}_{task}_{clients}"].append(rate)
                        print(f"round {number + 1}: {server.name} {task} at {clients}: {rate:.1f}")
    return {name: round(statistics.median(values), 1) for name, values in rates.items()}


def _tasks(number: int, clients: int) -> dict[str, tuple[list, dict[str, Any]]]:
    judged = [_judge_prompt(f"{number}.{clients}.{i}") for i in range(count(clients))]
    swapped = [_swapped(_judge_prompt(f"{number}.{clients}.{i}s")) for i in range(count(clients))]
    return {
        "generate": (supporter_prompts(count(clients)), {}),
        "rubric_first": (judged, CHOICE),
        "rubric_last": (swapped, CHOICE),
    }


def _judge_prompt(case: str) -> list[dict[str, str]]:
    """The studio's own prompt; no two cases share their material's beginning."""
    context = {
        "profile": f"Case {case}. INFJ, 34, a night nurse in a small town.",
        "situation": "Her dog, who was with her for twelve years, died on Monday.",
        "history": [
            {"role": "seeker", "text": "The house is so quiet. Nobody at work understands."},
            {"role": "supporter", "text": "That sounds lonely. What do you miss most?"},
            {"role": "seeker", "text": "Her waiting at the door. I keep listening for her."},
        ],
        "candidate": candidate_of(
            "Twelve years of being met at the door, and now silence. Of course you listen for her. "
            "Would it help to tell me what your evenings with her were like?"
        ),
        "cut": 0,
    }
    return build_messages(KARDIA, [CRITERION], context)


def _swapped(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    rubric, material = messages
    return [{**rubric, "content": material["content"]}, {**material, "content": rubric["content"]}]
