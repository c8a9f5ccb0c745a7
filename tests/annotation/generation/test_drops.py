"""Emotion jumps and near-duplicates, and what refinement gained."""

import pytest

from annotation.formats.emotions import EMOTIONS
from annotation.generation.drops import PLEASANT, UNPLEASANT, KeptReplies, emotion_jump
from annotation.generation.statistics import Pair, paired_gain

LONG = "It sounds as if the nights are the hardest part, and nobody at work knows about them."


@pytest.mark.parametrize(
    ("named", "jumps"),
    [
        (["sad", "lonely", "hopeful", "content"], False),
        (["sad", "hopeful", "sad"], True),
        (["proud", "Ashamed", "proud"], True),
        # Labels of neither side and texts that are no label are left out.
        (["sad", "surprised", "sad"], False),
        (["sad", "she is hopeful", "sad"], False),
        (["sad", "hopeful", "surprised", "guilty"], True),
        ([], False),
    ],
)
def test_one_change_of_side_is_a_change_and_two_are_a_jump(named: list[str], jumps: bool) -> None:
    assert bool(emotion_jump(named)) == jumps


def test_a_jump_names_its_emotions() -> None:
    words = emotion_jump(["lonely", "sad", "hopeful", "guilty"])
    assert words == "The named emotion goes from “sad” to “hopeful” and back to “guilty”."


def test_the_two_sides_are_labels_and_do_not_overlap() -> None:
    assert not PLEASANT & UNPLEASANT
    assert set(EMOTIONS) - PLEASANT - UNPLEASANT == {
        "nostalgic", "sentimental", "surprised", "anticipating", "prepared",
    }  # fmt: skip


def test_replies_that_repeat_an_earlier_dialogue_are_found() -> None:
    kept = KeptReplies(3)
    kept.add(7, [LONG, "What would help tonight?"])
    kept.add(8, ["Tell me about the bees. How many hives do you keep over there?"])
    assert kept.near_duplicate([LONG.upper(), "What would help tonight?"]) == (7, 1.0)
    number, similarity = kept.near_duplicate([LONG, "What would help right now?"]) or (0, 0)
    assert number == 7 and 0.7 <= similarity < 1
    assert kept.near_duplicate(["Something else was said in this one, by somebody new."]) is None


def test_replies_of_two_words_are_like_no_other() -> None:
    kept = KeptReplies(2)
    kept.add(1, ["I see."])
    assert kept.near_duplicate(["I see."]) is None


def test_the_gain_is_paired_and_resamples_profiles() -> None:
    pairs = [Pair(f"p{i // 4}", f"d{i // 2}", 0.5, 0.5 + 0.1 * (i % 3)) for i in range(40)]
    gain = paired_gain(pairs)
    assert (gain.n, gain.groups, gain.unit) == (40, 10, "profiles")
    assert gain.change == pytest.approx(sum(p.accepted - p.first for p in pairs) / 40)
    assert gain.low is not None and gain.high is not None
    assert gain.low < gain.change < gain.high
    assert paired_gain(pairs) == gain


def test_one_profile_resamples_dialogues_and_few_groups_have_no_interval() -> None:
    six = paired_gain([Pair("p", f"d{i}", 0.2, 0.4 + 0.1 * (i % 2)) for i in range(6)])
    assert (six.unit, six.groups, six.reason) == ("dialogues", 6, "")
    assert six.low is not None and six.high is not None
    assert 0.2 <= six.low <= 0.25 <= six.high <= 0.3
    four = paired_gain([Pair(f"p{i}", f"d{i}", 0.2, 0.4) for i in range(4)])
    assert (four.change, four.low, four.reason) == (
        pytest.approx(0.2),
        None,
        "fewer than 5 profiles",
    )
    assert paired_gain([]).change is None


def test_a_profile_counts_with_all_its_turns() -> None:
    """The mean is over turns, so a profile with more of them weighs more."""
    pairs = [Pair("a", "1", 0.0, 1.0)] + [Pair("b", "2", 0.0, 0.0)] * 3
    assert paired_gain(pairs).change == 0.25
