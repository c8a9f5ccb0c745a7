"""Load a model folder and let it answer prompts."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from tokenizers import Tokenizer as BackendTokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, BatchEncoding, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from rubrics.judging.spans import is_mark
from training.trainer.strict import ConfigError

BATCH = 32


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder, which must bring a chat template. Raises ConfigError."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    except (OSError, ValueError) as error:
        raise ConfigError("model.path", f"{folder} has no tokenizer: {error}") from None
    if not tokenizer.chat_template:
        raise ConfigError("model.path", f"The tokenizer in {folder} has no chat template.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    _keep_span_marks(tokenizer)
    return tokenizer


def _keep_span_marks(tokenizer: Tokenizer) -> None:
    """Where the marks of the four spans are special tokens, TRL decodes replies without them, and
    no reply would have its spans: they become ordinary added tokens, of the same ids."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    marks = {
        token["content"]
        for token in state["added_tokens"]
        if token["special"] and is_mark(token["content"])
    }
    if not marks:
        return
    for token in state["added_tokens"]:
        token["special"] = token["special"] and token["content"] not in marks
    tokenizer._tokenizer = BackendTokenizer.from_str(json.dumps(state))
    # A saved checkpoint would make them special again.
    tokenizer.extra_special_tokens = [
        token for token in tokenizer.extra_special_tokens if token not in marks
    ]


def bfloat16_is_faster() -> bool:
    """Whether the machine multiplies bfloat16 clearly faster than float32: a graphics card, or a
    processor that does so when tried. Instructions for it are no sign: two cores of an AMD EPYC
    train 1.9 times as fast with them, two of an Intel Xeon 0.6 times."""
    if torch.cuda.is_available():
        return True
    return _multiplying(torch.bfloat16) < 0.8 * _multiplying(torch.float32)


def _multiplying(dtype: torch.dtype) -> float:
    """Seconds for a product as a layer of a small model computes it: the least of ten."""
    rows, weights = torch.ones(256, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        torch.nn.functional.linear(rows, weights)
        times.append(time.perf_counter() - begun)
    return min(times)


def load_model(folder: Path) -> PreTrainedModel:
    """The weights of a model folder in float32. Raises ConfigError."""
    try:
        return AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError("model.path", f"{folder} can't be loaded: {error}") from None


def generate_replies(
    model: PreTrainedModel,
    tokenizer: Tokenizer,
    prompts: Sequence[list[dict[str, str]]],
    *,
    max_tokens: int,
    sample: bool = False,
) -> list[str]:
    """One reply a prompt: the likeliest tokens, or sampled at temperature 1."""
    replies: list[str] = []
    for start in range(0, len(prompts), BATCH):
        inputs = cast(
            BatchEncoding,
            tokenizer.apply_chat_template(
                [
                    [dict(message) for message in prompt]
                    for prompt in prompts[start : start + BATCH]
                ],
                add_generation_prompt=True,
                padding=True,
                return_tensors="pt",
                return_dict=True,
            ),
        ).to(model.device)
        with torch.inference_mode():
            output = model.generate(  # type: ignore[operator]
                **inputs, do_sample=sample, max_new_tokens=max_tokens
            )
        completions = output[:, inputs["input_ids"].shape[1] :]
        replies += tokenizer.batch_decode(completions, skip_special_tokens=True)
    return replies
