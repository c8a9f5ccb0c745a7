"""Scores fixed choices by their likelihood after a prompt."""

from collections.abc import Sequence

import torch

from webapp.llm.local.generation import forward, prefill
from webapp.llm.local.store import Served


@torch.inference_mode()
def choice_logprobs(
    served: Served, prompts: Sequence[Sequence[int]], choices: Sequence[Sequence[Sequence[int]]]
) -> list[list[float]]:
    """Log likelihood in nats of every choice (token ids) of every prompt (token ids).

    The prompts are read once in one batch; the rest of the longer choices in a second pass.
    """
    logits, cache, mask = prefill(served, prompts)
    first = torch.log_softmax(logits, dim=-1)
    pairs = [(row, choice) for row, many in enumerate(choices) for choice in many]
    scores = torch.stack([first[row, choice[0]] for row, choice in pairs])

    longer = [i for i, (_, choice) in enumerate(pairs) if len(choice) > 1]
    if longer:
        rows = torch.tensor([pairs[i][0] for i in longer], device=mask.device)
        width = max(len(pairs[i][1]) for i in longer) - 1
        # All but the last token are read; padding on the right is never attended to by a token
        # before it, and its own predictions are masked out of the sum.
        read = [list(pairs[i][1][:-1]) for i in longer]
        wanted = [list(pairs[i][1][1:]) for i in longer]
        ids = torch.tensor([r + [0] * (width - len(r)) for r in read], device=mask.device)
        targets = torch.tensor([w + [0] * (width - len(w)) for w in wanted], device=mask.device)
        real = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in read]).to(mask)
        cache.batch_select_indices(rows)
        logits = forward(served, ids, torch.cat([mask[rows], real], dim=1), cache)
        steps = torch.log_softmax(logits, dim=-1).gather(-1, targets[..., None])[..., 0]
        scores[longer] += (steps * real).sum(dim=-1)

    values = iter(scores.tolist())
    return [[next(values) for _ in many] for many in choices]


def encode_choices(served: Served, choices: Sequence[str]) -> list[list[int]]:
    """Token ids of the choices.

    Where one is the beginning of another ("1" and "10"), all of them get the end-of-turn token,
    without which the longer could never win.
    """
    encoded = [served.encode(choice) for choice in choices]
    nested = any(a is not b and b[: len(a)] == a for a in encoded for b in encoded)
    if not nested:
        return encoded
    end = served.tokenizer.eos_token_id
    return [[*ids, end] for ids in encoded]
