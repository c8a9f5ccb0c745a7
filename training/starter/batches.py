"""Samples as padded tensors of tokens and labels."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from annotation.generation.prompts import prompt_messages, seeker_messages
from training.starter.samples import Sample
from training.starter.tokenizer import SPAN_MARKS, TURN_BEGIN

IGNORED = -100  # labels that take no part in the loss
BATCH_TOKENS = 2000  # of a batch, padding included
_POOL = 256  # samples that are sorted by length together

# How many of the words that a sample says again are cut at random, and from which length on.
CUT_SHARE = 0.25
CUT_LETTERS = 4
# How many samples stutter, and how many tokens are said again how many times.
STUTTER_SHARE = 0.3
STUTTER_WIDTHS = (1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12)
STUTTER_TIMES = 6
_WORD = re.compile(r" ?[^\W\d_]+")
_HEADS = prompt_messages("", "", [{"role": "seeker", "text": ""}]) + seeker_messages("", "", "", [])
_WORDS_OF_HEADS = {word for head in _HEADS for word in re.findall(r"[^\W\d_]+", head["content"])}


class Encoded(NamedTuple):
    ids: list[int]
    labels: list[int]


def batches(
    samples: Iterator[Sample], tokenizer: PreTrainedTokenizerFast, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """(ids, labels), each (batch, length), of samples of like length, in random order."""
    rng = random.Random(f"batches/{seed}")
    while pool := list(islice(samples, _POOL)):
        encoded = sorted(
            (encode(sample, tokenizer, rng) for sample in pool), key=lambda e: len(e.ids)
        )
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


def encode(
    sample: Sample, tokenizer: PreTrainedTokenizerFast, rng: random.Random | None = None
) -> Encoded:
    """The chat as the template writes it, with labels on what the sample is to teach.

    With `rng`, some words that the sample says more than once are cut into tokens at a random
    place, everywhere alike: a model then copies a word of any tokens, and not only those that it
    has seen cut the same way before. A form of BPE-dropout (Provilkov et al. 2020).
    """
    cuts = _random_cuts(sample, rng) if rng else {}
    ids: list[int] = []
    labels: list[int] = []
    for number, message in enumerate(sample.messages):
        head = tokenizer(f"{TURN_BEGIN}{message['role']}\n")["input_ids"]
        body = [*_tokens(message["content"], tokenizer, cuts), tokenizer.eos_token_id]
        tail = tokenizer("\n")["input_ids"]
        learned = (
            message["role"] == "assistant"
            if sample.learn == "turns"
            else number == len(sample.messages) - 1
        )
        ids += head + body + tail
        labels += [IGNORED] * len(head) + (body if learned else [IGNORED] * len(body))
        labels += [IGNORED] * len(tail)
    encoded = Encoded(ids, list(ids) if sample.learn == "text" else labels)
    if rng and rng.random() < STUTTER_SHARE:
        return _stuttering(encoded, tokenizer("".join(SPAN_MARKS))["input_ids"], rng)
    return encoded


def _stuttering(encoded: Encoded, marks: list[int], rng: random.Random) -> Encoded:
    """The sample with a few of its learned tokens said again and again. The repetition itself is
    not learned, only how to go on after it: what copies well falls into loops easily."""
    width = rng.choice(STUTTER_WIDTHS)
    learned = [i for i, label in enumerate(encoded.labels) if label != IGNORED]
    at = rng.choice(learned)
    again = encoded.ids[at - width : at]
    if at - width < learned[0] or set(again) & set(marks):
        return encoded
    again *= rng.randint(1, STUTTER_TIMES)
    return Encoded(
        encoded.ids[:at] + again + encoded.ids[at:],
        encoded.labels[:at] + [IGNORED] * len(again) + encoded.labels[at:],
    )


def _random_cuts(sample: Sample, rng: random.Random) -> dict[str, int]:
    """Where to cut which word; words of the prompts' constant heads stay whole."""
    counts = Counter(word for m in sample.messages for word in _WORD.findall(m["content"]))
    return {
        word: rng.randrange(2, len(word))
        for word, count in counts.items()
        if count > 1 and len(word) > CUT_LETTERS and word.strip() not in _WORDS_OF_HEADS
        if rng.random() < CUT_SHARE
    }


def _tokens(text: str, tokenizer: PreTrainedTokenizerFast, cuts: dict[str, int]) -> list[int]:
    parts, at = [], 0
    for match in _WORD.finditer(text):
        if cut := cuts.get(match[0]):
            parts += [text[at : match.start() + cut]]
            at = match.start() + cut
    parts.append(text[at:])
    return [token for part in parts for token in tokenizer(part)["input_ids"]]


def _padded(batch: list[Encoded], pad_id: int) -> tuple[Tensor, Tensor]:
    longest = max(len(each.ids) for each in batch)
    ids = [each.ids + [pad_id] * (longest - len(each.ids)) for each in batch]
    labels = [each.labels + [IGNORED] * (longest - len(each.labels)) for each in batch]
    return torch.tensor(ids), torch.tensor(labels)
