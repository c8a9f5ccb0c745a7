"""Which criteria a veto caps, and how a rubric changes that."""

from dataclasses import replace
from typing import get_args

import pytest

from rubrics.core.diff import compare, in_one_sentence
from rubrics.core.drafts import read_draft
from rubrics.core.formats import markdown
from rubrics.core.lint import lint
from rubrics.core.meaning import keep_identities
from rubrics.core.merge import merge
from rubrics.core.spec import (
    VETOES,
    RubricSpec,
    SpecError,
    VetoName,
    VetoSpec,
    cap_of,
    criteria_capped,
    from_json,
    spec_hash,
    to_json,
    validate,
)
from rubrics.core.wording import changes_since, veto_in_words
from rubrics.demo.epitome import EPITOME
from rubrics.demo.kardia import KARDIA, PERSONA_UID
from tests.support.rubrics import check, criterion, rubric

SPEC = rubric(criterion("empathy"), criterion("safety"), check("format", "format"))
OFF = VetoSpec("copied", (), "People read their own words here.")
NARROW = VetoSpec("harm", ("safety",), "Empathy is rated by itself.")


def _with(*vetoes: VetoSpec, spec: RubricSpec = SPEC) -> RubricSpec:
    return replace(spec, vetoes=vetoes)


def _capped(spec: RubricSpec, veto: VetoName) -> list[str]:
    return [c.uid for c in criteria_capped(spec, veto)]


def test_every_veto_has_a_name_for_the_pages():
    assert set(VETOES) == set(get_args(VetoName))


def test_by_default_a_veto_caps_every_judge_criterion_at_its_lowest_level():
    assert _capped(SPEC, "harm") == ["empathy", "safety"]
    assert cap_of("harm", SPEC.criteria[0]) == 1
    assert veto_in_words(SPEC, "harm") == "All criteria get their worst level"


def test_a_contradiction_caps_what_speaks_of_the_profile():
    assert [c.uid for c in criteria_capped(KARDIA, "contradiction")] == [PERSONA_UID]
    assert veto_in_words(KARDIA, "contradiction") == "Persona consistency gets its worst level"
    assert criteria_capped(EPITOME, "contradiction") == ()
    assert veto_in_words(EPITOME, "contradiction") == "Has no effect here"


@pytest.mark.parametrize(("low", "high", "cap"), [(1, 5, 3), (1, 4, 2), (0, 2, 1), (-3, 3, 0)])
def test_a_reply_that_is_too_long_keeps_the_lower_half(low: int, high: int, cap: int):
    assert cap_of("too_long", criterion("a", low=low, high=high)) == cap


def test_a_scale_of_two_levels_has_no_middle():
    assert cap_of("too_long", criterion("a", scale="binary", levels=())) is None
    assert _capped(rubric(criterion("a", low=0, high=1)), "too_long") == []


def test_the_cap_of_a_criterion_that_counts_against_a_reply_is_its_highest_level():
    against = criterion("bad", scale="points", levels=(), points=-5.0)
    assert cap_of("harm", against) == 1
    assert cap_of("copied", against) is None
    assert cap_of("harm", replace(against, points=5.0)) == 0


def test_a_draft_without_levels_has_no_cap():
    assert cap_of("harm", criterion("a", levels=())) is None
    assert _capped(rubric(criterion("a", levels=())), "harm") == []


def test_a_rubric_of_dialogues_has_no_vetoes():
    assert _capped(replace(SPEC, target="dialogue"), "harm") == []


def test_a_rubric_switches_a_veto_off_or_narrows_it_with_a_reason():
    spec = _with(OFF, NARROW)
    assert _capped(spec, "copied") == []
    assert _capped(spec, "harm") == ["safety"]
    assert _capped(spec, "empty") == ["empathy", "safety"]
    assert veto_in_words(spec, "copied") == "Off: People read their own words here."
    assert veto_in_words(spec, "harm") == "Safety gets its worst level: Empathy is rated by itself."
    assert validate(spec) == []


def test_specs_without_an_entry_have_the_hash_that_they_had():
    assert "vetoes" not in to_json(SPEC)
    assert spec_hash(KARDIA) == "700a9bf41bb5a70d40eecca4f7b75f8c092c7d3b2d3036fa9f2fe6da5aaa90b4"
    assert spec_hash(EPITOME) == "fa7c978ee3f43d5964610e032c6bab3f1a97535c8a06f6a32b5d76a07b41ded9"


def test_an_entry_is_part_of_the_spec():
    spec = _with(OFF, NARROW)
    assert from_json(to_json(spec)) == spec
    assert len({spec_hash(SPEC), spec_hash(_with(OFF)), spec_hash(spec)}) == 3


def test_the_order_of_vetoes_and_a_uid_named_twice_make_no_difference():
    twice = replace(NARROW, criteria=("safety", "safety"))
    read = from_json(to_json(_with(twice, OFF)))
    assert read == _with(OFF, NARROW)
    assert spec_hash(read) == spec_hash(_with(OFF, NARROW))


@pytest.mark.parametrize(
    ("entry", "path", "why"),
    [
        ({"veto": "rude", "criteria": [], "reason": "x"}, "vetoes[0].veto", "'harm'"),
        ({"veto": "harm", "reason": "x"}, "vetoes[0].criteria", "missing"),
        ({"veto": "harm", "criteria": []}, "vetoes[0].reason", "missing"),
        ({"veto": "harm", "criteria": "all", "reason": "x"}, "vetoes[0].criteria", "list"),
        ({"veto": "harm", "criteria": [1], "reason": "x"}, "vetoes[0].criteria[0]", "Text"),
        ({"veto": "harm", "criteria": [], "reason": "x", "off": 1}, "vetoes[0]", "Unknown field"),
        ("harm", "vetoes[0]", "object"),
    ],
)
def test_a_malformed_entry_is_refused_with_its_place(entry: object, path: str, why: str):
    with pytest.raises(SpecError, match=why) as refused:
        from_json({**to_json(SPEC), "vetoes": [entry]})
    assert refused.value.path == path


def test_a_draft_holds_no_more_entries_than_there_are_vetoes():
    entry = {"veto": "harm", "criteria": [], "reason": ""}
    assert read_draft({**to_json(SPEC), "vetoes": [entry]}).vetoes[0].reason == ""
    with pytest.raises(SpecError, match="At most 7 vetoes"):
        read_draft({**to_json(SPEC), "vetoes": [entry] * 8})
    with pytest.raises(SpecError, match="characters"):
        read_draft({**to_json(SPEC), "vetoes": [entry | {"reason": "x" * 20_001}]})


@pytest.mark.parametrize(
    ("spec", "path", "why"),
    [
        (_with(replace(OFF, reason=" ")), "vetoes[0].reason", "Say why the veto “Copies"),
        (_with(OFF, OFF), "vetoes[1]", "changed twice"),
        (_with(VetoSpec("harm", ("gone",), "x")), "vetoes[0].criteria", "no judge scores"),
        (_with(VetoSpec("harm", ("format",), "x")), "vetoes[0].criteria", "no judge scores"),
        (_with(OFF, spec=replace(SPEC, target="dialogue")), "vetoes[0]", "whole dialogues"),
        (
            _with(VetoSpec("too_long", ("a",), "x"), spec=rubric(criterion("a", low=0, high=1))),
            "vetoes[0].criteria",
            "no middle",
        ),
    ],
)
def test_what_blocks_publishing(spec: RubricSpec, path: str, why: str):
    [problem] = [p for p in validate(spec) if p.path.startswith("vetoes")]
    assert problem.path == path
    assert why in problem.message


def test_a_veto_that_is_switched_off_is_warned_about():
    warned = [f for f in lint(_with(OFF, NARROW)) if f.rule == "veto_off"]
    assert [(f.path, f.quote) for f in warned] == [
        ("vetoes[0].criteria", "copied"),
        ("vetoes[1].criteria", "harm"),
    ]
    assert warned[1].message == (
        "A reply that encourages harm keeps what a judge gives it for Empathy."
    )
    both = replace(NARROW, criteria=("empathy", "safety"))
    assert [f for f in lint(_with(both)) if f.rule == "veto_off"] == []
    assert "“Copies what was said” is switched off" in warned[0].message


def test_a_comparison_says_what_became_of_a_veto():
    added = compare(SPEC, _with(OFF, NARROW))
    assert [(d.key, d.label) for d in added.frame] == [
        ("vetoes.copied", "Veto: Copies what was said"),
        ("vetoes.harm", "Veto: Encourages harm"),
    ]
    assert "".join(p.text for p in added.frame[0].new) == "Off: People read their own words here."
    assert in_one_sentence(added) == "The vetoes changed."
    assert in_one_sentence(compare(_with(OFF), SPEC)) == "The vetoes changed."
    assert compare(_with(OFF), _with(OFF)).count == 0
    assert [change.name for change in changes_since(SPEC, _with(OFF))] == ["The rubric"]


def test_two_people_who_change_vetoes_meet_in_a_conflict():
    merged = merge(SPEC, _with(OFF), SPEC)
    assert (merged.spec.vetoes, merged.conflicts) == ((OFF,), ())
    both = merge(SPEC, _with(NARROW), _with(OFF))
    assert (both.spec.vetoes, both.conflicts) == ((OFF, NARROW), ())
    other = _with(replace(OFF, reason="Another reason."))
    asked = merge(SPEC, _with(OFF), other)
    assert [conflict.place.field for conflict in asked.conflicts] == ["vetoes"]
    assert merge(SPEC, _with(OFF), other, {"/vetoes/": "mine"}).spec.vetoes == (OFF,)


def test_a_veto_follows_a_criterion_that_takes_the_identity_of_its_twin():
    """As in a file of another rubric that is imported here."""
    narrow = _with(NARROW)
    known = rubric(replace(SPEC.criteria[1], uid="known"))
    kept = keep_identities(narrow, known)
    assert kept.criteria[1].uid == "known"
    assert kept.vetoes == (replace(NARROW, criteria=("known",)),)


def test_markdown_names_the_vetoes_that_were_changed():
    assert "- Veto “Copies what was said”: Off: People read" in markdown.write(_with(OFF))
    assert "Veto" not in markdown.write(SPEC)
