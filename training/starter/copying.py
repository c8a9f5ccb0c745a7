"""A start that can copy: attention whose first two layers are an induction circuit.

In a small model on few tokens, the circuit that copies a name from the prompt forms late or never.
So it is laid out by hand before training, which then refines it: two heads of layer 0 look one and
two tokens back and write what they saw beside each token; heads of layer 1 look for a place behind
the same two tokens, the present one and the one before, and say what stands there. Two, because the
pieces of rare words are short and stand in many words.
Source: Olsson et al. 2022, “In-context Learning and Induction Heads”.
"""

import torch
from torch import Tensor, nn
from transformers import Qwen3ForCausalLM
from transformers.models.qwen3.modeling_qwen3 import Qwen3Attention

ROPE_THETA = 1e6  # as Qwen3 has it
LOOK_BACK_HEADS = 2  # head 0 looks one token back, head 1 two
CONSTANT = 0.1  # what every embedding has in its first place: a signal that is always there
SHARPNESS = 2.0  # the weight of the norms of queries and keys
WRITES = 0.02  # how strongly a token before is written: as long as it is in its embedding
PRESENT = 1.5  # how much more the present token counts in a match than the one before
SAYS = 0.2  # how strongly a matched token is said


def lay_out_copying(model: Qwen3ForCausalLM) -> None:
    """Set embeddings and the attention of layers 0 and 1.

    Rotation pairs dimension i of a head with i + size / 2. The first pairs turn fast with distance
    and tell positions; the last ones turn slowly and can compare content.
    """
    size, hidden = model.config.head_dim, model.config.hidden_size
    slow = [*range(7, size // 2), *range(size // 2 + 7, size)]
    half = len(slow) // LOOK_BACK_HEADS
    scratch = LOOK_BACK_HEADS * half
    with torch.no_grad():
        # Whatever else a layer says begins at nothing, or it would drown the circuit.
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight[:, 0] = CONSTANT
        model.model.embed_tokens.weight[:, -scratch:] = 0.0  # where the tokens before are written
        reads = _orthogonal(hidden - scratch, half, width=hidden)
        before, before_that = torch.eye(hidden)[-scratch:].split(half)
        attention = model.model.layers[0].self_attn
        _sharpen(attention)
        for head, writes in enumerate((before, before_that)):
            _look_back(attention, head, slow[:half], reads, writes)
        _match(
            model.model.layers[1].self_attn,
            slow,
            here=torch.cat([PRESENT * reads, before]),
            there=torch.cat([before, before_that]),
        )


def _look_back(
    attention: Qwen3Attention, head: int, dimensions: list[int], reads: Tensor, writes: Tensor
) -> None:
    """Let a head attend to the token `head` + 1 places before, and write what it reads of it."""
    size, hidden = attention.head_dim, reads.shape[1]
    key, query = torch.zeros(size), torch.zeros(size)
    for pair in range(4):
        # The query is turned by the angle of so many steps: it agrees best at that distance.
        angle = torch.tensor(-(head + 1) * ROPE_THETA ** (-pair / (size // 2)))
        key[pair] = 1.0
        query[pair], query[pair + size // 2] = torch.cos(angle), torch.sin(angle)
    rows = slice(head * size, (head + 1) * size)
    attention.q_proj.weight[rows] = torch.outer(query, torch.eye(hidden)[0])
    attention.k_proj.weight[rows] = torch.outer(key, torch.eye(hidden)[0])
    attention.v_proj.weight[rows] = _placed(reads, dimensions, size)
    attention.o_proj.weight[:, rows] = WRITES * _placed(writes, dimensions, size).T


def _match(attention: Qwen3Attention, slow: list[int], here: Tensor, there: Tensor) -> None:
    """Let all heads attend to where the tokens before are those `here`, and say what stands
    `there`; the two are directions of the hidden state, one for each dimension of `slow`."""
    size, hidden = attention.head_dim, here.shape[1]
    _sharpen(attention)
    said = _orthogonal(hidden, attention.v_proj.weight.shape[0], width=hidden)
    attention.v_proj.weight[: len(said)] = said
    attention.o_proj.weight[:, : len(said)] = SAYS * said.T
    for first in range(0, attention.q_proj.weight.shape[0], size):
        rows = slice(first, first + size)
        attention.q_proj.weight[rows] = _placed(here, slow[: len(here)], size)
        attention.k_proj.weight[rows] = _placed(there, slow[: len(here)], size)


def _sharpen(attention: Qwen3Attention) -> None:
    attention.q_norm.weight.fill_(SHARPNESS)
    attention.k_norm.weight.fill_(SHARPNESS)


def _placed(directions: Tensor, dimensions: list[int], size: int) -> Tensor:
    """(size, hidden): one direction of the hidden state in each of a head's `dimensions`."""
    weight = torch.zeros(size, directions.shape[1])
    weight[dimensions] = directions
    return weight


def _orthogonal(columns: int, rows: int, *, width: int) -> Tensor:
    """(rows, width) with orthonormal rows in the first `columns` that do not read the constant."""
    basis = torch.linalg.qr(torch.randn(columns - 1, columns - 1))[0][:rows]
    return nn.functional.pad(basis, (1, width - columns))
