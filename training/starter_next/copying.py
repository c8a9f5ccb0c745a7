"""A start that can copy: attention whose first two layers are an induction circuit.

In a small model on few tokens, the circuit that copies a name from the prompt forms late or never.
So it is laid out by hand before training, which then refines it: heads of layer 0 look one token
back and write what they saw beside each token; heads of layer 1 look for a place whose token before
is the present token, and say what stands there.
Source: Olsson et al. 2022, “In-context Learning and Induction Heads”.
"""

import torch
from torch import Tensor
from transformers import Qwen3ForCausalLM
from transformers.models.qwen3.modeling_qwen3 import Qwen3Attention

ROPE_THETA = 1e6  # as Qwen3 has it
LOOK_BACK_HEADS = 2
CONSTANT = 0.1  # what every embedding has in its first place: a signal that is always there
SHARPNESS = 2.0  # the weight of the norms of queries and keys
WRITES = 0.06  # how strongly the token before is written, about as long as an embedding
SAYS = 0.2  # how strongly a matched token is said


def lay_out_copying(model: Qwen3ForCausalLM) -> None:
    """Set embeddings and the attention of layers 0 and 1.

    Rotation pairs dimension i of a head with i + size / 2. The first pairs turn fast with distance
    and tell positions; the last ones turn slowly and can compare content.
    """
    size, hidden = model.config.head_dim, model.config.hidden_size
    slow = [*range(7, size // 2), *range(size // 2 + 7, size)]
    scratch = LOOK_BACK_HEADS * len(slow)
    with torch.no_grad():
        # Whatever else a layer says begins at nothing, or it would drown the circuit.
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight[:, 0] = CONSTANT
        model.model.embed_tokens.weight[:, -scratch:] = 0.0  # where the token before is written
        reads = _orthogonal(hidden, scratch)
        writes = torch.eye(hidden)[-scratch:]
        _look_back(model.model.layers[0].self_attn, slow, reads, writes)
        _match(model.model.layers[1].self_attn, slow, reads, writes)


def _look_back(attention: Qwen3Attention, slow: list[int], reads: Tensor, writes: Tensor) -> None:
    """Heads that attend to the token before and write what they read of it."""
    size, hidden = attention.head_dim, reads.shape[1]
    _sharpen(attention)
    key, query = torch.zeros(size), torch.zeros(size)
    for pair in range(4):
        # The query is turned by the angle of one step: it agrees best at a distance of one.
        angle = torch.tensor(-(ROPE_THETA ** (-pair / (size // 2))))
        key[pair] = 1.0
        query[pair], query[pair + size // 2] = torch.cos(angle), torch.sin(angle)
    for head in range(LOOK_BACK_HEADS):
        rows = slice(head * size, (head + 1) * size)
        part = slice(head * len(slow), (head + 1) * len(slow))
        attention.q_proj.weight[rows] = torch.outer(query, torch.eye(hidden)[0])
        attention.k_proj.weight[rows] = torch.outer(key, torch.eye(hidden)[0])
        attention.v_proj.weight[rows] = _placed(reads[part], slow, size)
        attention.o_proj.weight[:, rows] = WRITES * _placed(writes[part], slow, size).T


def _match(attention: Qwen3Attention, slow: list[int], reads: Tensor, writes: Tensor) -> None:
    """Heads that attend to where the token before is the present one, and say what stands there."""
    size, hidden = attention.head_dim, reads.shape[1]
    heads = attention.q_proj.weight.shape[0] // size
    said = _orthogonal(hidden, heads * size)
    _sharpen(attention)
    for head in range(heads):
        rows = slice(head * size, (head + 1) * size)
        start = head % LOOK_BACK_HEADS * len(slow)
        part = slice(start, start + len(slow))
        attention.q_proj.weight[rows] = _placed(reads[part], slow, size)
        attention.k_proj.weight[rows] = _placed(writes[part], slow, size)
        attention.v_proj.weight[rows] = said[rows]
        attention.o_proj.weight[:, rows] = SAYS * said[rows].T


def _sharpen(attention: Qwen3Attention) -> None:
    attention.q_norm.weight.fill_(SHARPNESS)
    attention.k_norm.weight.fill_(SHARPNESS)


def _placed(directions: Tensor, dimensions: list[int], size: int) -> Tensor:
    """(size, hidden): one direction of the hidden state in each of a head's `dimensions`."""
    weight = torch.zeros(size, directions.shape[1])
    weight[dimensions] = directions
    return weight


def _orthogonal(columns: int, rows: int) -> Tensor:
    """(rows, columns) with orthonormal rows that do not read the constant."""
    basis = torch.linalg.qr(torch.randn(columns - 1, columns - 1))[0][:rows]
    return torch.cat([torch.zeros(basis.shape[0], 1), basis], dim=1)
