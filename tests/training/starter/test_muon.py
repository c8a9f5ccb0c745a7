import pytest
import torch
from torch import nn

from training.starter.muon import Muon, orthogonal

pytestmark = pytest.mark.model

SHAPES = ((24, 16), (16, 24), (16, 16), (24, 16), (16, 24))


def trained(optimizer: type[torch.optim.Optimizer]) -> list[torch.Tensor]:
    """Matrices after ten steps towards others."""
    torch.manual_seed(0)
    matrices = [nn.Parameter(torch.randn(shape)) for shape in SHAPES]
    wanted = [torch.randn(shape) for shape in SHAPES]
    made = optimizer(matrices, lr=0.05, weight_decay=0.1)  # type: ignore[call-arg]
    for _ in range(10):
        made.zero_grad()
        loss = sum(((m - w) ** 2).sum() for m, w in zip(matrices, wanted, strict=True))
        loss.backward()  # type: ignore[union-attr]
        made.step()
    return [matrix.detach() for matrix in matrices]


def test_it_steps_as_torchs_own_does_up_to_its_rounding() -> None:
    torch.manual_seed(0)
    start = [torch.randn(shape) for shape in SHAPES]
    for ours, torchs, begun in zip(trained(Muon), trained(torch.optim.Muon), start, strict=True):
        moved = (torchs - begun).norm()
        assert moved > 1
        assert (ours - torchs).norm() < 0.02 * moved


def test_singular_values_come_near_one() -> None:
    torch.manual_seed(1)
    for rows, columns in ((24, 16), (16, 24)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(3, rows, columns)))
        assert values.min() > 0.5 and values.max() < 1.3
    assert orthogonal(torch.zeros(1, 4, 4)).abs().max() == 0
