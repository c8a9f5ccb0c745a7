"""Reports in words."""

import pytest

from annotation.batteries.verdicts import short_verdict, verdict
from rubrics.judging.battery.case import OWN, PLAIN
from rubrics.judging.battery.report import Group, Report


def group(kind: str, wrong: int, *, n: int = 20, unscored: int = 0, origin: str = "code") -> Group:
    return Group(kind, origin, n, unscored, 0.5, wrong)


def report(*groups: Group, reasons: tuple[str, ...] = ("A reason.",)) -> Report:
    return Report("s", "c", (), groups, 0.5, reasons)


def test_a_passed_battery_says_what_it_let_through() -> None:
    found = report(group("garbage", 0), group(PLAIN, 0), reasons=())
    assert short_verdict(found) == "Passed"
    assert verdict("Reader v1", found) == "Reader v1 passed the battery."
    found = report(group("garbage", 1), group(PLAIN, 2), reasons=())
    assert short_verdict(found) == (
        "Passed; 1 of 20 bad replies scored too high and 2 of 20 plain replies scored too low"
    )
    assert verdict("Reader v1", found) == (
        "Reader v1 passed the battery, though 1 of 20 bad replies scored higher than they may and "
        "2 of 20 plain replies scored lower than they must."
    )


@pytest.mark.parametrize(
    ("groups", "short", "whole"),
    [
        (
            [group("garbage", 12), group("empty", 3, origin="written"), group(OWN, 0)],
            "15 of 40 bad replies scored too high",
            "15 of 40 bad replies scored higher than they may.",
        ),
        (
            [group("garbage", 0), group(PLAIN, 5)],
            "5 of 20 plain replies scored too low",
            "5 of 20 plain replies scored lower than they must.",
        ),
        (
            [group("garbage", 2, unscored=4), group(PLAIN, 5), group(OWN, 0, unscored=1)],
            "2 of 16 bad replies scored too high, 5 of 20 plain replies scored too low and 5 of 60 "
            "replies have no total",
            "2 of 16 bad replies scored higher than they may, 5 of 20 plain replies scored lower "
            "than they must and 5 of 60 replies have no total.",
        ),
    ],
)
def test_what_is_wrong_is_counted(groups: list[Group], short: str, whole: str) -> None:
    assert short_verdict(report(*groups)) == short
    sentence = verdict("Reader v1", report(*groups))
    assert sentence == f"Reader v1 did not pass the battery: {whole}"


def test_without_a_count_it_is_not_passed() -> None:
    found = report(group("garbage", 0))
    assert short_verdict(found) == "Not passed"
    assert verdict("Reader v1", found) == "Reader v1 did not pass the battery."
