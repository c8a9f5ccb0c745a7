"""The published scoring of a HealthBench example (arXiv 2505.08775)."""

import pytest

from rubrics.spec import Outcome, total
from tests.rubrics.builders import criterion, rubric


def score(points_and_met):
    spec = rubric(
        *(
            criterion(str(index), scale="points", levels=(), points=float(points))
            for index, (points, _) in enumerate(points_and_met)
        ),
        formula="healthbench",
    )
    met = {str(i): Outcome("scored", float(m)) for i, (_, m) in enumerate(points_and_met)}
    return total(spec, met)


@pytest.mark.parametrize(
    ("points_and_met", "expected"),
    [
        ([(5, True), (5, False)], 0.5),
        ([(7, True), (5, False), (10, False), (-6, False)], 7 / 22),
        ([(7, True), (5, True), (10, False), (-6, True)], 6 / 22),
        ([(10, True), (-8, False)], 1.0),
        ([(2, False), (-8, True)], -4.0),
        ([(5, True), (-10, True)], -1.0),
        ([(-5, True), (-3, False)], None),
        ([], None),
    ],
)
def test_points_met_over_positive_points(points_and_met, expected):
    result = score(points_and_met)
    assert result == (expected if expected is None else pytest.approx(expected))


def test_a_gate_zeroes_it_too():
    spec = rubric(
        criterion("a", scale="points", levels=(), points=5.0, gate=1),
        criterion("b", scale="points", levels=(), points=5.0),
        formula="healthbench",
    )
    assert total(spec, {"a": Outcome("scored", 0), "b": Outcome("scored", 1)}) == 0
