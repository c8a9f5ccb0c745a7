"""What differs between two texts of a rubric."""

from dataclasses import replace
from difflib import SequenceMatcher
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.core.diff import CriterionDiff, compare, in_one_sentence
from rubrics.core.meaning import questions
from rubrics.core.spec import CriterionSpec, ExemplarSpec, LevelSpec, RubricSpec
from rubrics.core.word_diff import Piece, words
from rubrics.core.wording import changes_since

# Few words, so that texts share some of them.
TEXTS = st.text(alphabet="ab .,’\nü😀<", max_size=60)


def joined(pieces: tuple[Piece, ...], without: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != without)


@given(TEXTS, TEXTS)
def test_pieces_make_up_both_texts(old: str, new: str) -> None:
    pieces = words(old, new)
    assert (joined(pieces, "new"), joined(pieces, "gone")) == (old, new)
    assert all(piece.text for piece in pieces)


def test_only_the_words_that_changed_are_marked() -> None:
    assert words("It keeps the seeker safe?", "It keeps the seeker safe, and notices?") == (
        Piece("same", "It keeps the seeker safe"),
        Piece("new", ", and notices"),
        Piece("same", "?"),
    )
    assert words("Mentions the risk.", "Names the risk.") == (
        Piece("gone", "Mentions"),
        Piece("new", "Names"),
        Piece("same", " the risk."),
    )


def test_a_long_text_is_compared_by_sentence_and_then_by_word() -> None:
    old = "".join(f"Sentence number {n} says one thing. " for n in range(400))
    new = old.replace("number 200 says one", "number 200 says another")
    pieces = words(old, new)
    assert (joined(pieces, "new"), joined(pieces, "gone")) == (old, new)
    assert [p.text for p in pieces if p.kind != "same"] == [" one", " another"]


def test_a_text_that_repeats_itself_without_end_is_still_answered() -> None:
    old, new = "a b " * 5_000, "b a c " * 3_300
    pieces = words(old, new)
    assert (joined(pieces, "new"), joined(pieces, "gone")) == (old, new)


@pytest.mark.parametrize("size", [25, 50, 100])
def test_the_work_grows_with_the_length_and_not_with_how_often_words_repeat(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, find = 0, SequenceMatcher.find_longest_match

    def counted(self: SequenceMatcher, alo: int, ahi: int, *rest: int) -> object:
        nonlocal steps
        steps += sum(1 + len(self.b2j.get(word, ())) for word in self.a[alo:ahi])
        return find(self, alo, ahi, *rest)

    monkeypatch.setattr(SequenceMatcher, "find_longest_match", counted)
    old, new = of_two_words(size, seed=1), of_two_words(size, seed=2)
    pieces = words(old, new)
    assert (joined(pieces, "new"), joined(pieces, "gone")) == (old, new)
    # A word is looked at a few dozen times at most.
    assert steps < 40_000 + 50 * len(old.split())


def of_two_words(sentences: int, *, seed: int) -> str:
    """Long sentences of the same two words, between sentences that tell where they are."""
    draw = Random(seed)
    return "".join(
        f"Sentence {number}. {' '.join(draw.choice('ab') for _ in range(190))}. "
        for number in range(sentences)
    )


def criterion(uid: str, **changes: object) -> CriterionSpec:
    levels = tuple(LevelSpec(v, f"Label {v}", f"One sees {uid} {v}.") for v in (1, 2, 3))
    given = {"uid": uid, "meaning_id": f"m-{uid}", "name": uid.title(), "levels": levels}
    return CriterionSpec(**{**given, **changes})  # type: ignore[arg-type]


def rubric(*criteria: CriterionSpec, **changes: object) -> RubricSpec:
    return RubricSpec(title="Warmth", criteria=criteria, **changes)  # type: ignore[arg-type]


A, B, C, D = (criterion(uid) for uid in "abcd")


def only(old: RubricSpec, new: RubricSpec) -> CriterionDiff:
    (found,) = compare(old, new).criteria
    return found


def test_equal_texts_have_no_difference() -> None:
    diff = compare(rubric(A, B), rubric(A, B))
    assert diff.count == 0
    assert in_one_sentence(diff) == "The two texts are the same."


def test_effect_says_what_a_change_does() -> None:
    scaled = replace(A, levels=A.levels[:2])
    assert only(rubric(A), rubric(scaled)).effect == "meaning"
    assert only(rubric(A), rubric(replace(A, meaning_id="other"))).effect == "meaning"
    assert only(rubric(A), rubric(replace(A, description="New."))).effect == "wording"
    assert only(rubric(A), rubric(replace(A, weight=2.0))).effect == "total"
    assert only(rubric(A), rubric(replace(A, weight=2.0, tags=("axis:a",)))).effect == "total"
    assert only(rubric(A), rubric(A, B)).effect == "new"
    assert only(rubric(A, B), rubric(A)).effect == "removed"


def test_tags_differ_without_any_other_effect() -> None:
    old, new = rubric(replace(A, tags=("axis:a",))), rubric(replace(A, tags=("axis:a", "axis:b")))
    found = only(old, new)
    assert (found.effect, found.effect_in_words, found.fields) == ("tags", "Tags changed", ["tags"])
    assert in_one_sentence(compare(old, new)) == "The tags of A changed."
    assert changes_since(old, new)[0].what == "tags changed"
    assert questions(new, {A.meaning_id: old.criteria[0]}) == []


def test_numbers_have_a_sign() -> None:
    (weight,) = only(rubric(A), rubric(replace(A, weight=0.5))).differences
    assert (weight.label, weight.note) == ("Weight", "−0.5")
    assert weight.pieces == (Piece("gone", "1"), Piece("new", "0.5"))
    gate = only(rubric(replace(A, gate=2)), rubric(replace(A, gate=3))).differences[0]
    assert (gate.label, gate.note) == ("Gate below level", "+1")
    gone = only(rubric(replace(A, gate=2)), rubric(A)).differences[0]
    assert gone.pieces == (Piece("gone", "2"),)


def test_as_few_criteria_as_possible_are_said_to_be_moved() -> None:
    diff = compare(rubric(A, B, C, D), rubric(D, A, B, C))
    assert [(each.uid, each.effect, each.moved) for each in diff.criteria] == [
        ("d", "moved", (4, 1))
    ]
    # A criterion that is new or gone moves nobody.
    assert [each.uid for each in compare(rubric(A, B), rubric(C, A, B)).criteria] == ["c"]
    assert [each.uid for each in compare(rubric(A, B), rubric(B)).criteria] == ["a"]


def test_levels_are_matched_by_value() -> None:
    levels = (A.levels[0], replace(A.levels[1], anchor="One sees more."), LevelSpec(4, "Four", "F"))
    places = {d.key: d for d in only(rubric(A), rubric(replace(A, levels=levels))).differences}
    assert set(places) == {
        "levels.2.anchor", "levels.3.anchor", "levels.4.anchor",
    }  # fmt: skip
    assert places["levels.4.anchor"].label == "Four"
    renamed = (replace(A.levels[0], label="One"), *A.levels[1:])
    (label,) = only(rubric(A), rubric(replace(A, levels=renamed))).differences
    assert label.key == "levels.1.label"
    assert places["levels.4.anchor"].pieces == (Piece("new", "F"),)
    assert places["levels.3.anchor"].pieces == (Piece("gone", "One sees a 3."),)


def test_an_exemplar_that_shows_another_level_says_so() -> None:
    before = replace(A, exemplars=(ExemplarSpec("Reply", 1, "Said"), ExemplarSpec("Old", 2)))
    after = replace(A, exemplars=(ExemplarSpec("Reply", 3, "Said"), ExemplarSpec("Fresh", 2)))
    found = only(rubric(before), rubric(after)).differences
    assert [(d.label, d.level, d.note) for d in found] == [
        ("Exemplar", 3, "showed level 1 before"),
        ("New exemplar", 2, ""),
        ("Exemplar removed", 2, ""),
    ]


def test_formula_and_gates_change_the_total_in_words() -> None:
    diff = compare(rubric(A), rubric(replace(A, gate=2), formula="harmonic_mean"))
    assert [d.key for d in diff.frame] == ["formula", "total"]
    assert "If A is below 2, the total is 0." in joined(diff.frame[1].pieces, "gone")


def test_the_finding_is_one_sentence() -> None:
    new = rubric(replace(A, meaning_id="x"), replace(B, weight=2.0), D)
    assert in_one_sentence(compare(rubric(A, B, C), new)) == (
        "The meaning of A changed, D is new, C was removed, and the weight of B changed."
    )
    other = rubric(A, guidance="Read twice.", formula="harmonic_mean")
    assert in_one_sentence(compare(rubric(A), other)) == (
        "The guidance, the formula and the total changed."
    )


def test_editor_and_comparison_say_alike_that_a_meaning_changed() -> None:
    """Also where only the person who published said so: the text is the same."""
    old = RubricSpec("Care", criteria=(CriterionSpec("warmth", "m-1", "Warmth"),))
    new = replace(old, criteria=(replace(old.criteria[0], meaning_id="m-2"),))
    assert compare(old, new).criteria[0].effect == "meaning"
    assert changes_since(old, new)[0].what.startswith("meaning changed")
