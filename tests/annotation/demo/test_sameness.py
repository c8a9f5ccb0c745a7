"""How alike texts are: worked by hand."""

import pytest

from annotation.demo import sameness

TEXTS = ["You went out at dawn again.", "You went out at dusk.", "Nobody went out at dawn again."]


def test_words_keep_inner_apostrophes_and_lose_case() -> None:
    assert sameness.words("Don’t, she SAID: 'no'") == ["don’t", "she", "said", "no"]


def test_distinct_word_pairs() -> None:
    # 5 + 4 + 5 pairs; "you went", "out at" (2 more), "went out" (2 more), "at dawn" and
    # "dawn again" are there again.
    assert sameness.distinct2(TEXTS) == pytest.approx(7 / 14)
    assert sameness.distinct2([]) == 0.0


def test_the_opening_that_most_texts_share() -> None:
    assert sameness.common_opening(TEXTS) == ("you went out at", pytest.approx(2 / 3))


def test_a_phrase_counts_once_in_a_text() -> None:
    texts = ["one two one two one two", "one two", "three"]
    assert sameness.common_phrase(texts, 2) == ("one two", pytest.approx(2 / 3))


def test_the_two_texts_that_are_most_alike() -> None:
    similarity, pair = sameness.most_alike([*TEXTS, TEXTS[1]])
    assert (similarity, pair) == (1.0, (1, 3))
    assert sameness.most_alike(TEXTS[:1]) == (0.0, None)


def test_a_profile_is_used_where_its_own_words_are_said() -> None:
    others = ["I like cooking and my garden."] * 10
    profile = "I mend nets and like cooking."
    assert sameness.uses_profile(profile, others, "So the nets wait for you.")
    # Everybody cooks: that speaks of nobody.
    assert not sameness.uses_profile(profile, others, "Cooking may help.")
