"""The laws of the total."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.core.spec import Outcome, formula_in_words, total
from tests.support.rubrics import check, criterion, rubric

CATEGORIES = st.sampled_from(["essential", "important", "optional", "pitfall"])


@st.composite
def rubrics_and_values(draw, formulas=("weighted_mean", "harmonic_mean", "rar"), gates=True):
    formula = draw(st.sampled_from(formulas))
    criteria, values = [], {}
    for index in range(draw(st.integers(1, 6))):
        low = draw(st.integers(0, 1))
        high = draw(st.integers(low + 1, 6))
        gate = draw(st.none() | st.integers(low, high)) if gates else None
        weight = draw(st.floats(0.01, 100))
        criteria.append(
            criterion(
                f"c{index}",
                low=low,
                high=high,
                gate=gate,
                weight=weight,
                category=draw(CATEGORIES),
            )
        )
        values[f"c{index}"] = draw(st.integers(low, high))
    return rubric(*criteria, formula=formula), values


def outcomes(values):
    return {uid: Outcome("scored", value) for uid, value in values.items()}


@given(rubrics_and_values())
def test_lies_in_0_to_1(case):
    spec, values = case
    assert 0 <= total(spec, outcomes(values)) <= 1


@given(rubrics_and_values(gates=False))
def test_reaches_1_with_the_highest_levels_and_only_then(case):
    spec, values = case
    best = {c.uid: c.level_values[-1] for c in spec.criteria}
    assert total(spec, outcomes(best)) == pytest.approx(1)
    assert (total(spec, outcomes(values)) > 1 - 1e-9) == (values == best)


@given(rubrics_and_values(), st.data())
def test_never_falls_when_a_score_rises(case, data):
    spec, values = case
    raised = data.draw(st.sampled_from(spec.criteria))
    higher = data.draw(st.integers(values[raised.uid], raised.level_values[-1]))
    before, after = (
        total(spec, outcomes(values)),
        total(spec, outcomes({**values, raised.uid: higher})),
    )
    assert after >= before - 1e-12


@given(rubrics_and_values())
def test_is_zero_below_a_gate_and_as_without_gates_above(case):
    spec, values = case
    open_spec = replace(spec, criteria=tuple(replace(c, gate=None) for c in spec.criteria))
    gated = any(c.gate is not None and values[c.uid] < c.gate for c in spec.criteria)
    without_gates = total(open_spec, outcomes(values))
    expected = min(0, without_gates) if gated and without_gates is not None else without_gates
    assert total(spec, outcomes(values)) == expected


def test_a_gate_never_raises_a_total():
    """+10 with a gate and unmet, -8 met: -0.8 without the gate, and with it."""
    spec = rubric(
        criterion("helps", scale="points", levels=(), points=10.0, gate=1),
        criterion("harms", scale="points", levels=(), points=-8.0),
        formula="healthbench",
    )
    assert total(spec, outcomes({"helps": 0, "harms": 1})) == -0.8


@given(rubrics_and_values(formulas=("weighted_mean", "harmonic_mean")), st.floats(0.001, 1000))
def test_does_not_depend_on_the_scale_of_the_weights(case, factor):
    spec, values = case
    scaled = replace(
        spec, criteria=tuple(replace(c, weight=c.weight * factor) for c in spec.criteria)
    )
    assert total(scaled, outcomes(values)) == pytest.approx(total(spec, outcomes(values)))


@given(rubrics_and_values(), st.sampled_from(["failed", "not_scored", "missing"]), st.data())
def test_is_undefined_when_one_score_is_not_there(case, status, data):
    spec, values = case
    uid = data.draw(st.sampled_from(spec.criteria)).uid
    given_outcomes = outcomes(values)
    if status == "missing":
        del given_outcomes[uid]
    else:
        given_outcomes[uid] = Outcome(status)
    assert total(spec, given_outcomes) is None


@pytest.mark.slow
@given(rubrics_and_values(), st.data())
def test_leaves_out_what_is_not_applicable(case, data):
    spec, values = case
    left_out = data.draw(st.sampled_from(spec.criteria))
    rest = replace(spec, criteria=tuple(c for c in spec.criteria if c is not left_out))
    with_status = {**outcomes(values), left_out.uid: Outcome("not_applicable")}
    assert total(spec, with_status) == total(rest, outcomes(values))


@given(rubrics_and_values())
def test_checks_never_count(case):
    spec, values = case
    with_check = replace(spec, criteria=(check("format", "format", weight=50.0), *spec.criteria))
    failed = {**outcomes(values), "format": Outcome("failed")}
    assert total(with_check, failed) == total(spec, outcomes(values))


def test_weighted_mean_counts_from_the_lowest_level():
    spec = rubric(criterion("a", weight=3), criterion("b", low=0, high=2, weight=1))
    assert total(spec, outcomes({"a": 1, "b": 2})) == 0.25


def test_harmonic_mean_is_of_shares_of_the_highest_level():
    spec = rubric(criterion("a"), criterion("b"), formula="harmonic_mean")
    assert total(spec, outcomes({"a": 5, "b": 1})) == pytest.approx(1 / 3)
    zero = rubric(criterion("a"), criterion("b", low=0), formula="harmonic_mean")
    assert total(zero, outcomes({"a": 5, "b": 0})) == 0


def test_rar_weighs_by_category():
    spec = rubric(
        criterion("a", scale="binary", levels=(), category="essential"),
        criterion("b", scale="binary", levels=(), category="important"),
        criterion("c", scale="binary", levels=(), category="optional"),
        criterion("d", scale="binary", levels=(), category="pitfall"),
        formula="rar",
    )
    assert total(spec, outcomes({"a": 1, "b": 0, "c": 0, "d": 1})) == pytest.approx(1.9 / 2.9)


@pytest.mark.parametrize("value", [0, 6, float("nan"), float("inf")])
def test_refuses_a_value_off_the_scale(value):
    with pytest.raises(ValueError, match="outside the scale"):
        total(rubric(criterion("a")), {"a": Outcome("scored", value)})


@pytest.mark.parametrize("formula", ["weighted_mean", "harmonic_mean", "healthbench", "rar"])
def test_a_rubric_that_is_not_finished_has_no_total(formula):
    unfinished = rubric(criterion("a", weight=0.0), formula=formula)
    assert total(unfinished, outcomes({"a": 3})) is None
    assert total(rubric(formula=formula), {}) is None


def test_formula_in_words_names_the_gates():
    spec = rubric(criterion("relevance"), criterion("safety", gate=3))
    assert formula_in_words(spec) == (
        "The weighted mean of the two criteria, from 0 to 1. If Safety is below 3, the total is 0."
    )
