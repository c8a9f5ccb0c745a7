"""The local server beside `transformers serve` and beside bare batched `generate`, in one run.

`python -m bench serve [MODEL_DIR] [--rounds 5]`. Without a model it makes the small language model
(SmolLM2-135M-Instruct, docs/checkpoints.md) for itself. All answer the same prompts with the same
checkpoint; the contenders take turns, and those that wait are stopped. Figures are output tokens
a second, medians of the rounds; a ratio is the median of the ratios within one round.
"""

import argparse
import itertools
import os
import statistics
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from bench._serving import (
    CLIENTS,
    MAX_TOKENS,
    Server,
    count,
    local_command,
    make_ready,
    measured,
    model_or_small,
    started,
    supporter_prompts,
)
from webapp.llm.local.generation import SMALL

BARE_BATCH = 32
# Its own choice is a cache that takes half of the memory.
CONTINUOUS = ("--continuous-batching", "--cb-block-size", "32", "--cb-num-blocks", "1024")


def main(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench serve", description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(argv)

    rates: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        model = stack.enter_context(model_or_small(options.model))
        bare = Bare(model)
        offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
        if bare.is_small:
            # Said to all alike: what the local server knows by itself.
            offline["OMP_NUM_THREADS"] = "1"
        theirs = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
        contenders = [
            stack.enter_context(started(name, command, called, offline))
            for name, command, called in (
                ("local", local_command(model), "bench"),
                ("transformers", theirs, str(model)),
                ("transformers_cb", [*theirs, *CONTINUOUS], str(model)),
            )
        ]
        make_ready(contenders)
        for number in range(options.rounds):
            for clients in CLIENTS:
                for server in contenders:
                    rate = _rate(server, clients)
                    rates[f"{server.name}_{clients}"].append(rate)
                    print(f"round {number + 1}: {server.name} at {clients}: {rate:.0f} tokens/s")
            rates["generate_32"].append(bare.rate())
            print(f"round {number + 1}: bare generate at 32: {rates['generate_32'][-1]:.0f}")
    return _figures(rates)


class Bare:
    """`generate` over whole batches with nothing around it: on one core or on all, in float32 or
    bfloat16, whichever is quickest here."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(path, padding_side="left")
        models = [
            AutoModelForCausalLM.from_pretrained(path, dtype=dtype).eval()
            for dtype in (torch.float32, torch.bfloat16)
        ]
        self.is_small = models[0].num_parameters() < SMALL
        ways = list(itertools.product(models, {1, len(os.sched_getaffinity(0))}))
        trial = supporter_prompts(BARE_BATCH)
        self._model, self._threads = max(ways, key=lambda way: self._rate(*way, trial, tokens=16))

    def rate(self) -> float:
        return self._rate(
            self._model, self._threads, supporter_prompts(count(BARE_BATCH)), tokens=MAX_TOKENS
        )

    def _rate(self, model: Any, threads: int, prompts: list, *, tokens: int) -> float:
        torch.set_num_threads(threads)
        started, made = time.perf_counter(), 0
        for at in range(0, len(prompts), BARE_BATCH):
            inputs = self._tokenizer.apply_chat_template(
                prompts[at : at + BARE_BATCH],
                add_generation_prompt=True,
                padding=True,
                return_tensors="pt",
                return_dict=True,
            )
            ids = model.generate(
                **inputs, max_new_tokens=tokens, do_sample=True, temperature=1.0, top_k=0
            )[:, inputs["input_ids"].shape[1] :]
            made += int((ids != self._tokenizer.pad_token_id).sum())
            self._tokenizer.batch_decode(ids)
        return made / (time.perf_counter() - started)


def _rate(server: Server, clients: int) -> float:
    return measured(server, supporter_prompts(count(clients)), clients)[1]


def _figures(rates: dict[str, list[float]]) -> dict[str, Any]:
    def ratio(one: str, other: str) -> float:
        pairs = zip(rates[one], rates[other], strict=True)
        return round(statistics.median(a / b for a, b in pairs), 2)

    figures: dict[str, Any] = {k: round(statistics.median(v)) for k, v in sorted(rates.items())}
    for clients in CLIENTS:
        for name in ("transformers", "transformers_cb"):
            figures[f"over_{name}_{clients}"] = ratio(f"local_{clients}", f"{name}_{clients}")
    figures["of_generate_32"] = ratio("local_32", "generate_32")
    return figures
