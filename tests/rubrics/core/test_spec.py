"""The spec as JSON, its hashes and its problems."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.core.spec import (
    VETOES,
    CriterionSpec,
    ExemplarSpec,
    LevelSpec,
    RubricSpec,
    SpecError,
    VetoSpec,
    criterion_hash,
    from_json,
    meaning_changed,
    spec_hash,
    to_json,
    validate,
)
from tests.support.rubrics import check, criterion, in_one_order, rubric

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBER = st.floats(-1000, 1000)
CRITERIA = st.builds(
    CriterionSpec,
    uid=TEXT,
    meaning_id=TEXT,
    name=TEXT,
    description=TEXT,
    scale=st.sampled_from(["levels", "binary", "points"]),
    levels=st.lists(st.builds(LevelSpec, st.integers(-9, 9), TEXT, TEXT), max_size=4).map(tuple),
    weight=NUMBER,
    points=st.none() | NUMBER,
    gate=st.none() | st.integers(-9, 9),
    spans=st.lists(st.sampled_from(["response", "emotion", "whole"]), max_size=3).map(tuple),
    exemplars=st.lists(st.builds(ExemplarSpec, TEXT, st.integers(0, 5), TEXT), max_size=2).map(
        tuple
    ),
    tags=st.lists(TEXT, max_size=2).map(tuple),
)
VETO_ENTRIES = st.builds(
    VetoSpec, st.sampled_from(list(VETOES)), st.lists(TEXT, max_size=2).map(tuple), TEXT
)
RUBRICS = st.builds(
    RubricSpec,
    title=TEXT,
    guidance=TEXT,
    formula=st.sampled_from(["weighted_mean", "rar"]),
    criteria=st.lists(CRITERIA, max_size=3).map(tuple),
    vetoes=st.lists(VETO_ENTRIES, max_size=2).map(in_one_order),
)

SAFE = rubric(criterion("a"), criterion("b"))


@given(RUBRICS)
def test_json_round_trip_is_exact(spec):
    again = from_json(json.loads(json.dumps(to_json(spec))))
    assert again == spec
    assert spec_hash(again) == spec_hash(spec)


def test_hashes_are_stable():
    assert spec_hash(SAFE) == "e4669c5f14612aaaba45278c1ac6d02d6fe739e689c8d06613ce8cd707449d97"
    assert (
        criterion_hash(SAFE.criteria[0])
        == "0570366dc0bec98f834e2de14767481164077883575daac0525d7fe643a92fb6"
    )


def test_spec_hash_sees_every_change_and_not_how_a_number_is_written():
    assert spec_hash(replace(SAFE, guidance="Read twice.")) != spec_hash(SAFE)
    assert spec_hash(replace(SAFE, criteria=SAFE.criteria[::-1])) != spec_hash(SAFE)
    whole = replace(SAFE, criteria=tuple(replace(c, weight=1) for c in SAFE.criteria))
    assert spec_hash(whole) == spec_hash(SAFE)


@pytest.mark.parametrize(
    "change",
    [{"weight": 9.0}, {"gate": 3}, {"points": 2.0}, {"category": "pitfall"}, {"tags": ("axis:a",)}],
)
def test_criterion_hash_leaves_out_what_no_rater_sees(change):
    old = criterion("a")
    assert criterion_hash(replace(old, **change)) == criterion_hash(old)


def test_tags_are_in_the_json_where_there_are_any():
    tagged = rubric(criterion("a", tags=("axis:accuracy",)))
    assert to_json(tagged)["criteria"][0]["tags"] == ["axis:accuracy"]
    assert "tags" not in to_json(SAFE)["criteria"][0]
    assert spec_hash(tagged) != spec_hash(rubric(criterion("a")))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "B"},
        {"description": "New"},
        {"use_when": "New"},
        {"spans": ("whole",)},
        {"levels": (LevelSpec(1, "x", "y"), LevelSpec(2, "x", "z"))},
        {"exemplars": (ExemplarSpec("I hear you.", 3),)},
    ],
)
def test_criterion_hash_sees_what_a_rater_sees(change):
    old = criterion("a")
    assert criterion_hash(replace(old, **change)) != criterion_hash(old)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"kind": "check"}, True),
        ({"scale": "binary"}, True),
        ({"levels": (LevelSpec(1), LevelSpec(2))}, True),
        ({"spans": ("response", "emotion")}, True),
        ({"levels": tuple(LevelSpec(v, "", "other") for v in (5, 4, 3, 2, 1))}, False),
        ({"name": "New", "description": "New", "weight": 7.0, "gate": 2}, False),
    ],
)
def test_meaning_changes_with_kind_scale_level_values_and_spans(change, changed):
    old = criterion("a")
    assert meaning_changed(old, replace(old, **change)) is changed


def test_a_publishable_rubric_has_no_problems():
    assert validate(rubric(criterion("a", gate=3), check("f", "format"))) == []


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (rubric(check("f", "format")), "criteria"),
        (rubric(criterion("a"), title=" "), "title"),
        (rubric(criterion("a"), criterion("a")), "criteria[1].uid"),
        (rubric(criterion("a", name="")), "criteria[0].name"),
        (rubric(criterion("a", spans=())), "criteria[0].spans"),
        (rubric(criterion("a", high=1)), "criteria[0].levels"),
        (rubric(criterion("a", levels=(LevelSpec(1, "x", "y"),) * 2)), "criteria[0].levels"),
        (
            rubric(criterion("a", levels=(LevelSpec(1, "x", "y"), LevelSpec(2, "x", " ")))),
            "criteria[0].levels[1].anchor",
        ),
        (rubric(criterion("a", scale="binary")), "criteria[0].levels"),
        (rubric(criterion("a", weight=-1.0), criterion("b")), "criteria[0].weight"),
        (rubric(criterion("a", weight=0.0), criterion("b", weight=0.0)), "criteria"),
        (rubric(criterion("a", gate=7)), "criteria[0].gate"),
        (
            rubric(criterion("a", exemplars=(ExemplarSpec("Yes.", 9),))),
            "criteria[0].exemplars[0].level",
        ),
        (
            rubric(criterion("a", exemplars=(ExemplarSpec("", 1),))),
            "criteria[0].exemplars[0].text",
        ),
        (
            rubric(criterion("a", scale="points", levels=(), points=11.0), formula="healthbench"),
            "criteria[0].points",
        ),
        (
            rubric(criterion("a", scale="points", levels=(), points=-1.0), formula="healthbench"),
            "criteria",
        ),
        (rubric(criterion("a", points=1.0), formula="healthbench"), "criteria[0].scale"),
        (rubric(criterion("a", scale="points", levels=(), points=1.0)), "criteria[0].scale"),
        (rubric(criterion("a"), formula="rar"), "criteria[0].category"),
        (rubric(criterion("a", low=-1), formula="harmonic_mean"), "criteria[0].levels"),
        (rubric(criterion("a"), check("b", "")), "criteria[1].check"),
        (rubric(criterion("a"), check("b", "min_words", "-3")), "criteria[1].check_argument"),
        (rubric(criterion("a"), check("b", "min_words", "9" * 7)), "criteria[1].check_argument"),
        (rubric(criterion("a"), check("b", "max_words", "9" * 5000)), "criteria[1].check_argument"),
        (rubric(criterion("a"), check("b", "lacks", "\n")), "criteria[1].check_argument"),
        (rubric(criterion("a"), check("b", "format", gate=1)), "criteria[1].gate"),
    ],
)
def test_what_blocks_publishing(spec, path):
    problems = validate(spec)
    assert [problem.path for problem in problems] == [path]
    assert problems[0].message.endswith((".", "?"))


GOOD = to_json(SAFE)


def with_criterion(**changes):
    return {**GOOD, "criteria": [{**GOOD["criteria"][0], **changes}]}


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], ""),
        ({}, "spec_format"),
        ({**GOOD, "spec_format": 2}, "spec_format"),
        ({"spec_format": 1}, "title"),
        ({**GOOD, "title": None}, "title"),
        ({**GOOD, "title": "\0"}, "title"),
        ({**GOOD, "title": "\ud800"}, "title"),
        ({**GOOD, "colour": "red"}, ""),
        ({**GOOD, "formula": ["rar"]}, "formula"),
        ({**GOOD, "criteria": "a"}, "criteria"),
        ({**GOOD, "criteria": [3]}, "criteria[0]"),
        (with_criterion(weight="1"), "criteria[0].weight"),
        (with_criterion(weight=True), "criteria[0].weight"),
        (with_criterion(weight=float("nan")), "criteria[0].weight"),
        (with_criterion(weight=10**400), "criteria[0].weight"),
        (with_criterion(gate=2.5), "criteria[0].gate"),
        (with_criterion(spans=["heart"]), "criteria[0].spans[0]"),
        (with_criterion(levels=[{"value": "1"}]), "criteria[0].levels[0].value"),
        (with_criterion(levels=[{}]), "criteria[0].levels[0].value"),
    ],
)
def test_broken_json_is_refused_with_a_path_and_words(data, path):
    with pytest.raises(SpecError) as refused:
        from_json(data)
    assert refused.value.path == path
    assert refused.value.explanation.endswith(".")


def test_missing_optional_fields_take_their_defaults():
    data = {
        "spec_format": 1,
        "title": "Short",
        "criteria": [{"uid": "a", "meaning_id": "m", "name": "A"}],
    }
    assert from_json(data) == RubricSpec("Short", criteria=(CriterionSpec("a", "m", "A"),))
