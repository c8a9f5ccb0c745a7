"""Load a model folder and let it answer prompts."""

import json
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


def has_bfloat16() -> bool:
    """Whether the machine multiplies bfloat16 faster than float32: a graphics card, or a processor
    with instructions for it. Two cores of an AMD EPYC train 1.9 times as fast."""
    able = torch.cpu.get_capabilities()
    return torch.cuda.is_available() or bool(able.get("avx512_bf16") or able.get("amx_bf16"))


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
