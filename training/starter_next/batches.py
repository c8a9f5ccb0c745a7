"""Samples as padded tensors of tokens and labels."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from training.starter.tokenizer import TURN_BEGIN, TURN_END
from training.starter_next.samples import Sample

IGNORED = -100  # labels that take no part in the loss
BATCH_TOKENS = 4000  # of a batch, padding included
_POOL = 256  # samples that are sorted by length together


class Encoded(NamedTuple):
    ids: list[int]
    labels: list[int]


def batches(
    samples: Iterator[Sample], tokenizer: PreTrainedTokenizerFast, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """(ids, labels), each (batch, length), of samples of like length, in random order."""
    rng = random.Random(f"batches/{seed}")
    while pool := list(islice(samples, _POOL)):
        encoded = sorted((encode(sample, tokenizer) for sample in pool), key=lambda e: len(e.ids))
        cut = list(_cut(encoded))
        rng.shuffle(cut)
        for batch in cut:
            yield _padded(batch, tokenizer.pad_token_id)


def _cut(encoded: list[Encoded]) -> Iterator[list[Encoded]]:
    """Batches of as many samples, shortest first, as fit into `BATCH_TOKENS`."""
    batch: list[Encoded] = []
    for each in encoded:
        if batch and len(each.ids) * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(each)
    yield batch


def encode(sample: Sample, tokenizer: PreTrainedTokenizerFast) -> Encoded:
    """The chat as the template writes it, with labels on what the sample is to teach."""
    ids: list[int] = []
    labels: list[int] = []
    for number, message in enumerate(sample.messages):
        head = tokenizer(f"{TURN_BEGIN}{message['role']}\n")["input_ids"]
        body = tokenizer(f"{message['content']}{TURN_END}")["input_ids"]
        tail = tokenizer("\n")["input_ids"]
        learned = (
            message["role"] == "assistant"
            if sample.learn == "turns"
            else number == len(sample.messages) - 1
        )
        ids += head + body + tail
        labels += [IGNORED] * len(head) + (body if learned else [IGNORED] * len(body))
        labels += [IGNORED] * len(tail)
    return Encoded(ids, list(ids) if sample.learn == "text" else labels)


def _padded(batch: list[Encoded], pad_id: int) -> tuple[Tensor, Tensor]:
    longest = max(len(each.ids) for each in batch)
    ids = [each.ids + [pad_id] * (longest - len(each.ids)) for each in batch]
    labels = [each.labels + [IGNORED] * (longest - len(each.labels)) for each in batch]
    return torch.tensor(ids), torch.tensor(labels)
