"""How the levels of an item are spread over its raters."""

from annotation.agreement.soft_labels import LevelShare, soft_label


def test_shares_are_of_those_who_gave_a_level() -> None:
    found = soft_label([4, None, 2, 4, 4])
    assert found.shares == [LevelShare(2, 1, 0.25), LevelShare(4, 3, 0.75)]
    assert (found.raters, found.not_applicable, found.mean, found.is_split) == (4, 1, 3.5, True)


def test_one_level_is_no_split() -> None:
    assert not soft_label([3, 3]).is_split


def test_where_nobody_gave_a_level_there_is_no_mean() -> None:
    found = soft_label([None, None])
    assert (found.shares, found.not_applicable, found.mean) == ([], 2, None)
