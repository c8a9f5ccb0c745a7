"""What a battery found, in words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from rubrics.judging.battery.case import ATTACKS, PLAIN
from rubrics.judging.battery.report import Group, Report
from webapp.text import listed


@dataclass(frozen=True)
class Counted:
    """`wrong` of `scored` cases are outside of what they may get; `unscored` have no total."""

    wrong: int
    scored: int
    unscored: int


def attacks_of(report: Report) -> Counted:
    return _counted(group for group in report.groups if group.kind in ATTACKS)


def plain_of(report: Report) -> Counted:
    return _counted(group for group in report.groups if group.kind == PLAIN)


def _counted(groups: Iterator[Group]) -> Counted:
    members = list(groups)
    return Counted(
        wrong=sum(group.wrong for group in members),
        scored=sum(group.scored for group in members),
        unscored=sum(group.unscored for group in members),
    )


def short_verdict(report: Report) -> str:
    """“Passed”, or what is wrong: “12 of 276 bad replies scored too high”. A passed one may leave
    some that are wrong, too."""
    faults = listed(_faults(report, "scored too high", "scored too low"))
    if report.passed:
        return f"Passed; {faults}" if faults else "Passed"
    return _sentence(faults or "Not passed")


def verdict(judge: str, report: Report) -> str:
    """The same as a whole sentence about a judge."""
    faults = listed(_faults(report, "scored higher than they may", "scored lower than they must"))
    if report.passed:
        return f"{judge} passed the battery{f', though {faults}' if faults else ''}."
    return f"{judge} did not pass the battery{f': {faults}' if faults else ''}."


def _faults(report: Report, too_much: str, too_little: str) -> list[str]:
    attacks, plain = attacks_of(report), plain_of(report)
    unscored = sum(group.unscored for group in report.groups)
    return [
        fault
        for count, fault in (
            (attacks.wrong, f"{attacks.wrong} of {attacks.scored} bad replies {too_much}"),
            (plain.wrong, f"{plain.wrong} of {plain.scored} plain replies {too_little}"),
            (unscored, f"{unscored} of {sum(g.n for g in report.groups)} replies have no total"),
        )
        if count
    ]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
