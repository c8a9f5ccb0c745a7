"""Two texts from one base: what is taken, what is asked, and that nothing is dropped in silence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.core.conflicts import merge_in_words
from rubrics.core.merge import Place, Written, changed_places, merge
from rubrics.core.spec import ExemplarSpec, LevelSpec
from tests.rubrics.core.test_spec import RUBRICS, TEXT
from tests.support.rubrics import criterion, rubric

A, B, C = (criterion(uid, high=3) for uid in "abc")
BASE = rubric(A, B, C)


def with_criteria(*criteria):
    return replace(BASE, criteria=criteria)


def level(text, value, **changes):
    levels = tuple(replace(one, **changes) if one.value == value else one for one in text.levels)
    return replace(text, levels=levels)


def conflicts(base, mine, theirs, **choices):
    return [
        (c.place.uid, c.place.field, c.place.level) for c in merge(base, mine, theirs).conflicts
    ]


def test_what_each_side_changed_alone_is_taken_and_said():
    mine = replace(with_criteria(replace(A, name="Warm"), B, C), guidance="Mine.")
    theirs = with_criteria(level(A, 2, anchor="Theirs."), B, C)
    merged = merge(BASE, mine, theirs)
    assert merged.conflicts == ()
    assert merged.spec == replace(
        with_criteria(level(replace(A, name="Warm"), 2, anchor="Theirs."), B, C), guidance="Mine."
    )
    assert [(t.place.uid, t.place.field, t.place.level, t.side) for t in merged.taken] == [
        ("", "guidance", None, "mine"),
        ("a", "name", None, "mine"),
        ("a", "anchor", 2, "theirs"),
    ]


def test_what_both_changed_is_asked_field_by_field():
    mine = replace(with_criteria(level(A, 1, anchor="Mine."), B, C), title="Mine")
    theirs = replace(with_criteria(level(A, 1, anchor="Theirs."), B, C), title="Theirs")
    open_merge = merge(BASE, mine, theirs)
    assert [(c.place.field, c.mine, c.theirs) for c in open_merge.conflicts] == [
        ("title", "Mine", "Theirs"),
        ("anchor", "Mine.", "Theirs."),
    ]
    assert open_merge.undecided == 2
    title, anchor = (c.place.key for c in open_merge.conflicts)
    chosen = merge(BASE, mine, theirs, {title: "mine", anchor: "theirs"})
    assert chosen.undecided == 0
    assert chosen.spec == replace(theirs, title="Mine")


def test_tags_are_taken_from_one_side_and_asked_if_both_changed_them():
    mine = with_criteria(replace(A, tags=("axis:a",)), B, C)
    assert merge(BASE, mine, with_criteria(replace(A, name="Warm"), B, C)).spec == with_criteria(
        replace(A, name="Warm", tags=("axis:a",)), B, C
    )
    theirs = with_criteria(replace(A, tags=("axis:b", "axis:c")), B, C)
    merged = merge(BASE, mine, theirs)
    asked = merge_in_words(merged, mine, theirs, lambda _: "", lambda _: False).conflicts
    assert [(one.what, one.mine, one.theirs) for one in asked] == [
        ("Tags", "axis:a", "axis:b, axis:c")
    ]


def test_the_same_change_on_both_sides_is_no_conflict():
    changed = with_criteria(replace(A, name="Warm"), C)
    assert merge(BASE, changed, changed).spec == changed
    assert conflicts(BASE, changed, changed) == []


def test_a_criterion_removed_here_and_edited_there_is_asked():
    mine, theirs = with_criteria(A, C), with_criteria(A, replace(B, name="Sharper"), C)
    assert conflicts(BASE, mine, theirs) == [("b", "criterion", None)]
    assert conflicts(BASE, theirs, mine) == [("b", "criterion", None)]
    key = merge(BASE, mine, theirs).conflicts[0].place.key
    assert merge(BASE, mine, theirs, {key: "mine"}).spec == mine
    assert merge(BASE, mine, theirs, {key: "theirs"}).spec == theirs


def test_a_criterion_removed_here_and_untouched_there_goes():
    merged = merge(BASE, with_criteria(A, C), replace(BASE, title="Theirs"))
    assert [c.uid for c in merged.spec.criteria] == ["a", "c"]
    assert merged.conflicts == ()


def test_new_criteria_of_both_sides_stay_after_their_neighbours():
    mine = with_criteria(A, criterion("m"), B, C)
    theirs = with_criteria(criterion("t"), A, B, C, criterion("u"))
    merged = merge(BASE, mine, theirs)
    assert [c.uid for c in merged.spec.criteria] == ["t", "a", "m", "b", "c", "u"]
    assert merged.conflicts == ()


def test_order_is_taken_from_whoever_changed_it_and_asked_if_both_did():
    mine, theirs = with_criteria(C, A, B), with_criteria(B, A, C)
    assert merge(BASE, mine, BASE).spec == mine
    assert merge(BASE, BASE, theirs).spec == theirs
    assert conflicts(BASE, mine, theirs) == [("", "order", None)]
    key = merge(BASE, mine, theirs).conflicts[0].place.key
    assert merge(BASE, mine, theirs, {key: "mine"}).spec == mine


def test_another_scale_here_and_another_anchor_there_are_one_question():
    shorter = replace(A, levels=A.levels[:2])
    mine, theirs = with_criteria(shorter, B, C), with_criteria(level(A, 3, anchor="New."), B, C)
    assert conflicts(BASE, mine, theirs) == [("a", "scale", None)]
    key = merge(BASE, mine, theirs).conflicts[0].place.key
    assert merge(BASE, mine, theirs, {key: "mine"}).spec == mine
    assert merge(BASE, mine, theirs, {key: "theirs"}).spec == theirs


def test_exemplars_are_asked_by_level():
    def shown(*exemplars):
        return with_criteria(replace(A, exemplars=exemplars), B, C)

    low, high = ExemplarSpec("Low.", 1), ExemplarSpec("High.", 3)
    assert merge(BASE, shown(low), shown(high)).spec == shown(low, high)
    other = ExemplarSpec("Lower.", 1)
    found = merge(BASE, shown(low), shown(other, high)).conflicts
    assert [(c.place.level, c.mine, c.theirs) for c in found] == [(1, (low,), (other,))]


def test_without_a_base_every_difference_is_asked():
    mine = replace(with_criteria(A, B), title="Mine")
    assert conflicts(None, mine, BASE) == [("", "title", None), ("c", "criterion", None)]


@pytest.mark.parametrize("broken", [with_criteria(A, A), with_criteria(A, replace(A, name="x"))])
def test_criteria_that_cannot_be_told_apart_are_asked_as_a_whole(broken):
    theirs = with_criteria(replace(A, name="Theirs"), B, C)
    assert conflicts(BASE, broken, theirs) == [("", "criteria", None)]
    twice = replace(A, levels=(*A.levels, LevelSpec(3, "again", "again")))
    assert conflicts(BASE, with_criteria(twice, B, C), theirs) == []


@st.composite
def edited(draw, spec=BASE):
    """The base after some edits of one person."""
    criteria = list(spec.criteria)
    for _ in range(draw(st.integers(0, 4))):
        what = draw(st.sampled_from(["name", "anchor", "remove", "add", "move", "shorten", "show"]))
        if what == "add" or not criteria:
            uid = draw(st.sampled_from("defg"))
            if uid not in {c.uid for c in criteria}:
                criteria.insert(draw(st.integers(0, len(criteria))), criterion(uid))
            continue
        at = draw(st.integers(0, len(criteria) - 1))
        one = criteria[at]
        if what == "remove":
            del criteria[at]
        elif what == "move":
            criteria.insert(draw(st.integers(0, len(criteria) - 1)), criteria.pop(at))
        elif what == "shorten":
            criteria[at] = replace(one, levels=one.levels[:-1])
        elif what == "show":
            new = ExemplarSpec(draw(TEXT), draw(st.integers(1, 3)))
            criteria[at] = replace(one, exemplars=(*one.exemplars, new))
        elif what == "name":
            criteria[at] = replace(one, name=draw(TEXT))
        elif one.levels:
            criteria[at] = level(one, 2, anchor=draw(TEXT))
    return replace(
        spec, title=draw(st.sampled_from(["A", "B", spec.title])), criteria=tuple(criteria)
    )


def decided(base, mine, theirs, side):
    """The merge with one side chosen wherever a choice is asked."""
    keys = {c.place.key: side for c in merge(base, mine, theirs).conflicts}
    return merge(base, mine, theirs, keys)


@given(edited())
def test_a_side_that_changed_nothing_asks_nothing(text):
    for merged in (merge(BASE, text, BASE), merge(BASE, BASE, text), merge(BASE, text, text)):
        assert merged.spec == text
        assert merged.conflicts == ()


@pytest.mark.slow
@given(RUBRICS, RUBRICS)
def test_any_two_texts_can_be_chosen_between(mine, theirs):
    assert merge(theirs, mine, theirs).spec == mine
    for side in ("mine", "theirs"):
        assert decided(None, mine, theirs, side).undecided == 0


@given(edited(), edited())
def test_choosing_one_side_everywhere_keeps_all_of_it(mine, theirs):
    for side, own in (("mine", mine), ("theirs", theirs)):
        merged = decided(BASE, mine, theirs, side).spec
        by_uid = {c.uid: c for c in merged.criteria}
        known = {c.uid: c for c in BASE.criteria}
        for one in own.criteria:
            if one == known.get(one.uid):
                continue  # untouched here, so the other side may have changed or removed it
            kept = by_uid[one.uid]
            before = known.get(one.uid, one)
            assert kept.name == one.name or one.name == before.name
            assert (
                kept.levels == one.levels
                or one.levels == before.levels
                or len(one.levels) == len(before.levels)
            )
        if own.title != BASE.title:
            assert merged.title == own.title


@given(edited(), edited())
def test_is_the_same_from_both_sides(mine, theirs):
    here, there = merge(BASE, mine, theirs), merge(BASE, theirs, mine)
    assert {c.place for c in here.conflicts} == {c.place for c in there.conflicts}
    assert {t.place for t in here.taken} == {t.place for t in there.taken}


def test_a_third_text_takes_the_place_of_both():
    mine = replace(with_criteria(level(A, 1, anchor="Mine."), B, C), formula="weighted_mean")
    theirs = with_criteria(level(A, 1, anchor="Theirs."), B, C)
    (open_conflict,) = merge(BASE, mine, theirs).conflicts
    written = merge(BASE, mine, theirs, {open_conflict.place.key: Written("Both.")})
    assert written.undecided == 0
    assert written.spec.criteria[0] == level(A, 1, anchor="Both.")


def test_a_third_text_is_no_answer_where_there_is_none_to_write():
    mine = with_criteria(replace(A, gate=2), B, C)
    theirs = with_criteria(replace(A, gate=3), B, C)
    (gate,) = merge(BASE, mine, theirs).conflicts
    assert merge(BASE, mine, theirs, {gate.place.key: Written("2")}).undecided == 1


def test_changed_places_are_those_that_somebody_wrote_in():
    after = replace(with_criteria(level(A, 2, anchor="New."), C), title="New")
    assert set(changed_places(BASE, after)) == {
        Place("title"),
        Place("anchor", "a", 2),
        Place("criterion", "b"),
    }


@pytest.mark.parametrize(
    ("other", "is_same_change"),
    [
        (Place("anchor", "a", 2), True),
        (Place("anchor", "a", 1), False),
        (Place("scale", "a"), True),
        (Place("criterion", "a"), True),
        (Place("name", "a"), False),
        (Place("anchor", "b", 2), False),
    ],
)
def test_a_change_of_a_criterion_or_its_scale_is_one_of_its_levels(other, is_same_change):
    assert Place("anchor", "a", 2).overlaps(other) is is_same_change
    assert other.overlaps(Place("anchor", "a", 2)) is is_same_change
