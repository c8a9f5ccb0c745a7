"""The published scoring of a HealthBench example (arXiv 2505.08775)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.core.spec import Outcome, total
from tests.support.rubrics import criterion, rubric


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


@given(st.lists(st.tuples(st.integers(-10, 10).filter(bool), st.booleans()), min_size=1), st.data())
def test_rises_with_what_earns_points_and_falls_with_what_costs_them(points_and_met, data):
    before = score(points_and_met)
    at = data.draw(st.integers(0, len(points_and_met) - 1))
    points, met = points_and_met[at]
    after = score([*points_and_met[:at], (points, True), *points_and_met[at + 1 :]])
    if before is None:
        assert all(each < 0 for each, _ in points_and_met) and after is None
    elif met:
        assert after == before
    else:
        assert (after > before) == (points > 0)
        assert after <= 1
