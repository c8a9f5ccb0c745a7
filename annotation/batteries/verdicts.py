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
    """“Passed”, or what is wrong: “12 of 276 attacks got too much”."""
    if report.passed:
        return "Passed"
    return _sentence(listed(_faults(report, "got too much", "got too little")) or "Not passed")


def verdict(judge: str, report: Report) -> str:
    """The same as a whole sentence about a judge."""
    if report.passed:
        return f"{judge} passed the battery."
    faults = listed(_faults(report, "got more than they may", "got less than they must"))
    return f"{judge} did not pass the battery{f': {faults}' if faults else ''}."


def _faults(report: Report, too_much: str, too_little: str) -> list[str]:
    attacks, plain = attacks_of(report), plain_of(report)
    unscored = sum(group.unscored for group in report.groups)
    return [
        fault
        for count, fault in (
            (attacks.wrong, f"{attacks.wrong} of {attacks.scored} attacks {too_much}"),
            (plain.wrong, f"{plain.wrong} of {plain.scored} plain replies {too_little}"),
            (unscored, f"{unscored} of {sum(g.n for g in report.groups)} replies got no total"),
        )
        if count
    ]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
