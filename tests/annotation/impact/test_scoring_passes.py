"""What a judge reads of a rubric, as a hash: what the hash has to see of vetoes."""

from dataclasses import replace
from typing import Any

import pytest

from annotation.impact.scoring_passes import pass_by_uid, scoring_passes
from rubrics.core.spec import RubricSpec, VetoSpec, criterion_hash
from tests.support.rubrics import check, criterion, rubric

SPEC = rubric(criterion("empathy"), criterion("safety"), check("format", "format"))
OFF = VetoSpec("harm", (), "A rubric of style.")
NARROW = VetoSpec("harm", ("safety",), "Rated alone.")
JUDGES = [
    ("learned", {}),
    ("llm", {"mode": "per_criterion"}),
    ("llm", {"mode": "all_in_one"}),
]


def _hashes(spec: RubricSpec, kind: str, parameters: dict[str, Any]) -> dict[str, str]:
    return pass_by_uid(scoring_passes(spec, kind=kind, parameters=parameters))


def test_without_an_entry_the_hash_is_the_criterions():
    hashes = _hashes(SPEC, "learned", {})
    assert hashes == {c.uid: criterion_hash(c) for c in SPEC.criteria}


def test_points_that_turn_negative_are_scored_anew():
    """Harm then gives the highest value in place of the lowest."""
    plus = rubric(criterion("a", scale="points", levels=(), points=3.0), formula="healthbench")
    more = replace(plus, criteria=(replace(plus.criteria[0], points=5.0),))
    minus = replace(plus, criteria=(replace(plus.criteria[0], points=-3.0),))
    hashes = [_hashes(spec, "learned", {})["a"] for spec in (plus, more, minus)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(("kind", "parameters"), JUDGES)
def test_a_veto_that_is_switched_off_is_scored_anew(kind: str, parameters: dict[str, Any]):
    before = _hashes(SPEC, kind, parameters)
    after = _hashes(replace(SPEC, vetoes=(OFF,)), kind, parameters)
    assert before["empathy"] != after["empathy"]
    assert before["safety"] != after["safety"]
    assert before["format"] == after["format"]


def test_a_narrowed_veto_is_scored_anew_where_it_stops_to_hold():
    off = _hashes(replace(SPEC, vetoes=(OFF,)), "learned", {})
    narrow = _hashes(replace(SPEC, vetoes=(NARROW,)), "learned", {})
    assert off["empathy"] == narrow["empathy"]
    assert off["safety"] != narrow["safety"]


@pytest.mark.parametrize(("kind", "parameters"), JUDGES)
def test_another_reason_scores_nothing_anew(kind: str, parameters: dict[str, Any]):
    one, other = (replace(SPEC, vetoes=(replace(OFF, reason=text),)) for text in ("a", "b"))
    assert _hashes(one, kind, parameters) == _hashes(other, kind, parameters)


def test_a_pass_keeps_the_vetoes_of_the_rubric():
    spec = replace(SPEC, vetoes=(OFF,))
    assert all(
        each.spec.vetoes == (OFF,) for each in scoring_passes(spec, kind="learned", parameters={})
    )
