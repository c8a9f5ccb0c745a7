"""The bench fits the judge of the demo and runs the whole battery on it."""

import pytest

from bench import battery
from rubrics.judging.battery.case import ATTACKS

pytestmark = pytest.mark.slow


def test_the_bench_has_a_figure_for_every_kind_of_attack():
    figures = battery.main([])
    kinds = {kind.replace(" ", "_").replace("-", "_") for kind in ATTACKS}
    assert kinds <= set(figures) and set(figures["wrong"]) == kinds
    assert set(figures["written"]) == kinds - {"garbage"}
    assert 0 <= figures["human_capped"] <= 1 and 0 <= figures["median_corpus"] <= 1
