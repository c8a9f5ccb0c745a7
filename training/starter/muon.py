"""Muon (Jordan et al. 2024) in float32, all matrices of one shape at once.

`torch.optim.Muon` is the same method in bfloat16, one matrix after the other. On two cores without
bfloat16 instructions a step of it takes 1.9 s for the starter model, and one of this 0.06 s.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """For the matrices of a model; arguments mean what they mean for `torch.optim.Muon`."""

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float,
        momentum: float = 0.95,
    ) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            alike: defaultdict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
            for matrix in group["params"]:
                alike[tuple(matrix.shape)].append(matrix)
            for (rows, columns), matrices in alike.items():
                updates = torch.stack([self._nesterov(m, momentum) for m in matrices])
                scale = lr * math.sqrt(max(1, rows / columns))
                for matrix, update in zip(matrices, orthogonal(updates), strict=True):
                    matrix.mul_(1 - lr * group["weight_decay"])
                    matrix.add_(update, alpha=-scale)

    def _nesterov(self, matrix: nn.Parameter, momentum: float) -> Tensor:
        gradient = matrix.grad
        assert gradient is not None  # noqa: S101  (each step follows a backward pass)
        average = self.state[matrix].setdefault("average", torch.zeros_like(matrix))
        average.lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def orthogonal(matrices: Tensor) -> Tensor:
    """The matrices (n, rows, columns) with their singular values brought near 1 (between about
    0.7 and 1.2) by Newton-Schulz iterations of fifth order."""
    a, b, c = COEFFICIENTS
    is_tall = matrices.shape[1] > matrices.shape[2]
    wide = matrices.mT if is_tall else matrices
    wide = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = wide @ wide.mT
        wide = torch.baddbmm(wide, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.mT if is_tall else wide
