"""Decodes many completions of one model side by side, one token a step.

A row may join or leave at any step. What is promised of seeds: every row draws its random numbers
from its own generator, one a step, so with equal weights, prompt, parameters and seed its sample
does not depend on the rows beside it, except through rounding: a wider batch may change the last
bits of a logit, which matters only where a draw falls exactly between two tokens.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from tokenizers.decoders import DecodeStream
from transformers import DynamicCache

from webapp.llm.local.store import Served

# Parameters below which one core is enough: the threads of a small model wait for each other
# longer than they work, and on a busy machine twenty times longer.
SMALL = 50_000_000
MOST_THREADS = torch.get_num_threads()


@dataclass(frozen=True)
class Sampling:
    """How one row is sampled. `temperature` 0 is greedy; `top_logprobs` None means no logprobs."""

    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: str | None = None
    stop: tuple[str, ...] = ()
    top_logprobs: int | None = None


@dataclass(frozen=True)
class TokenLogprob:
    """A token with its log probability (nats, temperature 1), and the likeliest beside it."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()

    def body(self) -> dict:
        return {
            **_token_body(self.token, self.logprob),
            "top_logprobs": [_token_body(token, logprob) for token, logprob in self.top],
        }


@dataclass(eq=False)
class Row:
    """One completion in the making; `finish_reason` is None while it runs."""

    served: Served
    prompt: list[int]
    sampling: Sampling
    text: str = ""
    completion_tokens: int = 0
    finish_reason: str | None = None
    logprobs: list[TokenLogprob] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.sampling.seed)  # noqa: S311 - sampling, not secrets
        self._decoder = DecodeStream(skip_special_tokens=False)
        self._taken = 0

    def feed(self, token: int, logprobs: TokenLogprob | None) -> None:
        """Adds a sampled token; sets `finish_reason` when it was the last."""
        self.completion_tokens += 1
        if token in self.served.end_ids:
            self.finish_reason = "stop"
            return
        if logprobs is not None:
            self.logprobs.append(logprobs)
        if token not in self.served.hidden_ids:
            before = len(self.text)
            self.text += self._decoder.step(self.served.tokenizer.backend_tokenizer, token) or ""
            self._cut_at_stop(before)
        if self.finish_reason is None and self.completion_tokens >= self.sampling.max_tokens:
            self.finish_reason = "length"

    def take(self) -> str:
        """The text since the last call, without what a stop string could still take back."""
        end = len(self.text)
        if self.finish_reason is None and self.sampling.stop:
            end -= max(len(stop) for stop in self.sampling.stop) - 1
        piece = self.text[self._taken : max(end, self._taken)]
        self._taken += len(piece)
        return piece

    def _cut_at_stop(self, before: int) -> None:
        found = [
            at
            for stop in self.sampling.stop
            if (at := self.text.find(stop, max(0, before - len(stop) + 1))) >= 0
        ]
        if found:
            self.text = self.text[: min(found)]
            self.finish_reason = "stop"


class Batch:
    """The rows of one model that are decoded together, padded on the left."""

    def __init__(self, served: Served) -> None:
        self.rows: list[Row] = []
        self._served = served
        self._cache: Any = DynamicCache()
        self._mask = torch.zeros(0, 0, dtype=torch.long)
        self._tokens: list[int] = []

    def join(self, rows: Sequence[Row]) -> None:
        """Reads the prompts of new rows, samples their first token, and takes them in."""
        logits, cache, mask = prefill(self._served, [row.prompt for row in rows])
        tokens = _sample(logits, rows)
        keep = [i for i, row in enumerate(rows) if row.finish_reason is None]
        if not keep:
            return
        _select(cache, keep)
        mask = mask[keep]
        if self.rows:
            cache, mask = _merge(self._cache, self._mask, cache, mask)
        self._cache, self._mask = cache, mask
        self.rows += [rows[i] for i in keep]
        self._tokens += [tokens[i] for i in keep]

    def step(self) -> None:
        """Samples one token for every row; finished rows leave."""
        column = torch.ones(len(self.rows), 1, dtype=torch.long, device=self._mask.device)
        self._mask = torch.cat([self._mask, column], dim=1)
        tokens = torch.tensor(self._tokens, device=self._mask.device)[:, None]
        logits = forward(self._served, tokens, self._mask, self._cache)[:, -1]
        self._tokens = _sample(logits, self.rows)
        self.drop_finished()

    def drop_finished(self) -> None:
        keep = [i for i, row in enumerate(self.rows) if row.finish_reason is None]
        if len(keep) == len(self.rows):
            return
        self.rows = [self.rows[i] for i in keep]
        self._tokens = [self._tokens[i] for i in keep]
        if not keep:
            self._cache, self._mask = DynamicCache(), self._mask[:0]
            return
        _select(self._cache, keep)
        self._mask = self._mask[keep]
        # Columns that only the rows that left had used.
        unused = int(self._mask.any(dim=0).int().argmax())
        if unused:
            self._mask = self._mask[:, unused:]
            for layer in self._cache.layers:
                layer.keys, layer.values = layer.keys[:, :, unused:], layer.values[:, :, unused:]


@torch.inference_mode()
def prefill(
    served: Served, prompts: Sequence[Sequence[int]]
) -> tuple[torch.Tensor, DynamicCache, torch.Tensor]:
    """Reads prompts: next-token logits [rows, vocabulary], the cache, the mask [rows, width]."""
    width = max(len(prompt) for prompt in prompts)
    pad = served.tokenizer.pad_token_id or 0
    ids = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    ids, mask = ids.to(served.model.device), mask.to(served.model.device)
    cache = DynamicCache()
    return forward(served, ids, mask, cache, last_only=True)[:, -1], cache, mask


@torch.inference_mode()
def forward(
    served: Served,
    ids: torch.Tensor,
    mask: torch.Tensor,
    cache: DynamicCache,
    *,
    last_only: bool = False,
) -> torch.Tensor:
    """Float32 logits [rows, tokens, vocabulary] of new `ids` [rows, tokens]; grows the cache.

    `mask` [rows, width] covers what is cached and what is new. With `last_only` a model that can
    returns the logits of the last token alone.
    """
    _use_threads(1 if served.parameters < SMALL else MOST_THREADS)
    extra: dict[str, Any] = {}
    if served.takes_position_ids:
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        extra["position_ids"] = positions[:, -ids.shape[1] :]
    if last_only and served.takes_logits_to_keep:
        extra["logits_to_keep"] = 1
    output = served.model(
        input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True, **extra
    )
    return output.logits.float()


def _use_threads(count: int) -> None:
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def _sample(logits: torch.Tensor, rows: Sequence[Row]) -> list[int]:
    """Samples and feeds one token to each row; returns the tokens."""
    tokens: list[int] = logits.argmax(dim=-1).tolist()
    # Rows with and without top_p are drawn apart, so that a neighbour's top_p changes nothing.
    plain = [i for i, r in enumerate(rows) if r.sampling.temperature and r.sampling.top_p == 1]
    nucleus = [i for i, r in enumerate(rows) if r.sampling.temperature and r.sampling.top_p < 1]
    for group in filter(None, (plain, nucleus)):
        for i, token in zip(group, _draw(logits[group], [rows[i] for i in group]), strict=True):
            tokens[i] = token
    for i, row in enumerate(rows):
        row.feed(tokens[i], _logprobs(logits[i], tokens[i], row))
    return tokens


def _draw(logits: torch.Tensor, rows: Sequence[Row]) -> list[int]:
    """Inverse-CDF sampling: one number from each row's own generator picks its token."""
    temperature = _column([row.sampling.temperature for row in rows], logits)
    probabilities = torch.softmax(logits.double() / temperature, dim=-1)
    order = None
    if any(row.sampling.top_p < 1 for row in rows):
        probabilities, order = probabilities.sort(dim=-1, descending=True)
        before = probabilities.cumsum(dim=-1) - probabilities
        top_p = _column([row.sampling.top_p for row in rows], logits)
        probabilities = probabilities.masked_fill(before >= top_p, 0.0)
    cumulative = probabilities.cumsum(dim=-1)
    point = _column([row.random.random() for row in rows], logits) * cumulative[:, -1:]
    index = torch.searchsorted(cumulative, point, right=True).clamp(max=logits.shape[-1] - 1)
    if order is not None:
        index = order.gather(-1, index)
    return index[:, 0].tolist()


def _logprobs(logits: torch.Tensor, token: int, row: Row) -> TokenLogprob | None:
    count = row.sampling.top_logprobs
    if count is None:
        return None
    decode = row.served.tokenizer.decode
    logprobs = torch.log_softmax(logits, dim=-1)
    values, ids = logprobs.topk(min(count, len(logprobs)))
    top = tuple((decode([i]), v) for i, v in zip(ids.tolist(), values.tolist(), strict=True))
    return TokenLogprob(decode([token]), logprobs[token].item(), top)


def _merge(
    old: Any, old_mask: torch.Tensor, new: Any, new_mask: torch.Tensor
) -> tuple[Any, torch.Tensor]:
    width = max(old_mask.shape[1], new_mask.shape[1])
    for kept, added in zip(old.layers, new.layers, strict=True):
        kept.keys = torch.cat([_widen(kept.keys, width), _widen(added.keys, width)])
        kept.values = torch.cat([_widen(kept.values, width), _widen(added.values, width)])
    masks = [
        torch.nn.functional.pad(mask, (width - mask.shape[1], 0)) for mask in (old_mask, new_mask)
    ]
    return old, torch.cat(masks)


def _widen(states: torch.Tensor, width: int) -> torch.Tensor:
    return torch.nn.functional.pad(states, (0, 0, width - states.shape[2], 0))


def _select(cache: Any, indices: Sequence[int]) -> None:
    cache.batch_select_indices(torch.tensor(indices, device=cache.layers[0].keys.device))


def _column(values: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, device=like.device)[:, None]


def _token_body(token: str, logprob: float) -> dict:
    # A token that is a part of a character has no text of its own.
    known = None if "\ufffd" in token else list(token.encode())
    return {"token": token, "logprob": logprob, "bytes": known}
