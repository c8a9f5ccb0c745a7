"""What a judge made of the battery, as data that is kept with the judge's version."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from rubrics.judging.battery.case import KINDS, ORIGINS, OWN, PLAIN

FORMAT = "kardia-battery-report"
FORMAT_VERSION = 1
_PLURALS = {PLAIN: "Plain replies", OWN: "Own replies"}


class ReportError(ValueError):
    """Data that are no report of this version, with the reason."""


@dataclass(frozen=True)
class Worst:
    """A case outside its bounds: which, its total, what is wrong, and how the reply begins."""

    case: str
    total: float
    wrong: str
    reply: str


@dataclass(frozen=True)
class Group:
    """The cases of one kind and origin.

    `n` is how many there are; `unscored` of them have no total, and count in no other figure.
    `wrong` are outside their bounds: attacks that get more than they may, plain replies that get
    less than they must. `worst` are the first of these.
    """

    kind: str
    origin: str
    n: int
    unscored: int
    mean_total: float | None
    wrong: int
    worst: tuple[Worst, ...] = ()

    @property
    def name(self) -> str:
        """“Garbage”, “Garbage (written)”, “Plain replies”"""
        if self.kind in _PLURALS:
            return _PLURALS[self.kind]
        name = self.kind.capitalize()
        return f"{name} (written)" if self.origin == "written" else name

    @property
    def scored(self) -> int:
        return self.n - self.unscored

    @property
    def share_wrong(self) -> float | None:
        return self.wrong / self.scored if self.scored else None


@dataclass(frozen=True)
class Report:
    """`spec_hash` is the rubric's, `cases_hash` that of the cases: reports with other hashes can't
    be compared. `held_to_levels` names the criteria of the rubric that bounds speak of.
    `median_own` is the median total of the corpus's own replies, None where there are none.
    `reasons` say in words why the battery is not passed."""

    spec_hash: str
    cases_hash: str
    held_to_levels: tuple[str, ...]
    groups: tuple[Group, ...]
    median_own: float | None
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.reasons

    @property
    def human_capped(self) -> float | None:
        """The share of the plain replies that get less than they must."""
        return next((group.share_wrong for group in self.groups if group.kind == PLAIN), None)


def to_json(report: Report) -> dict[str, Any]:
    """The report as JSON data, with the figures that follow from others."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "spec_hash": report.spec_hash,
        "cases_hash": report.cases_hash,
        "held_to_levels": list(report.held_to_levels),
        "groups": [_group_to_json(group) for group in report.groups],
        "median_own": report.median_own,
        "human_capped": report.human_capped,
        "passed": report.passed,
        "reasons": list(report.reasons),
    }


def from_json(data: Any) -> Report:
    """The inverse of `to_json`. Raises ReportError for another format or version, a column too
    many or too few, a wrong type, and figures that do not fit each other."""
    _expect_columns(data, _COLUMNS, "report")
    if (data["format"], data["format_version"]) != (FORMAT, FORMAT_VERSION):
        raise ReportError(f"This version reads {FORMAT} {FORMAT_VERSION}.")
    report = Report(
        spec_hash=_text(data, "spec_hash"),
        cases_hash=_text(data, "cases_hash"),
        held_to_levels=_texts(data, "held_to_levels"),
        groups=tuple(_group(group) for group in _list(data, "groups")),
        median_own=_share(data, "median_own"),
        reasons=_texts(data, "reasons"),
    )
    places = [(group.kind, group.origin) for group in report.groups]
    if len(set(places)) != len(places):
        raise ReportError("A group is there twice.")
    if data["passed"] is not report.passed or data["human_capped"] != report.human_capped:
        raise ReportError("The figures of the report do not fit each other.")
    return report


_COLUMNS = frozenset(to_json(Report("", "", (), (), None, ())))
_WORST_COLUMNS = frozenset(field.name for field in fields(Worst))


def _group_to_json(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind,
        "origin": group.origin,
        "n": group.n,
        "unscored": group.unscored,
        "mean_total": group.mean_total,
        "wrong": group.wrong,
        "share_wrong": group.share_wrong,
        "worst": [asdict(worst) for worst in group.worst],
    }


_GROUP_COLUMNS = frozenset(_group_to_json(Group("", "", 0, 0, None, 0)))


def _group(data: Any) -> Group:
    _expect_columns(data, _GROUP_COLUMNS, "group")
    group = Group(
        kind=_text(data, "kind"),
        origin=_text(data, "origin"),
        n=_count(data, "n"),
        unscored=_count(data, "unscored"),
        mean_total=_share(data, "mean_total"),
        wrong=_count(data, "wrong"),
        worst=tuple(_worst(worst) for worst in _list(data, "worst")),
    )
    if group.kind not in KINDS or group.origin not in ORIGINS:
        raise ReportError(f"There is no group {group.kind}, {group.origin}.")
    if not (
        len(group.worst) <= group.wrong <= group.scored
        and group.n > 0
        and (group.mean_total is None) == (group.scored == 0)
        and data["share_wrong"] == group.share_wrong
        and not (group.kind == OWN and group.wrong)
    ):
        raise ReportError(f"The figures of {group.kind} do not fit each other.")
    return group


def _worst(data: Any) -> Worst:
    _expect_columns(data, _WORST_COLUMNS, "case")
    total = _share(data, "total")
    if total is None:
        raise ReportError("total is not a number from 0 to 1.")
    return Worst(_text(data, "case"), total, _text(data, "wrong"), _text(data, "reply"))


def _expect_columns(data: Any, columns: frozenset[str], what: str) -> None:
    if not isinstance(data, Mapping) or set(data) != columns:
        raise ReportError(f"A {what} has the columns {', '.join(sorted(columns))}.")


def _text(data: Mapping[str, Any], name: str) -> str:
    if not isinstance(data[name], str):
        raise ReportError(f"{name} is not a text.")
    return str(data[name])


def _count(data: Mapping[str, Any], name: str) -> int:
    if type(data[name]) is not int or data[name] < 0:
        raise ReportError(f"{name} is not a number of cases.")
    return int(data[name])


def _share(data: Mapping[str, Any], name: str) -> float | None:
    value = data[name]
    if value is None:
        return None
    if type(value) not in (int, float) or not (math.isfinite(value) and 0 <= value <= 1):
        raise ReportError(f"{name} is not a number from 0 to 1.")
    return float(value)


def _list(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    if not isinstance(data[name], list):
        raise ReportError(f"{name} is not a list.")
    return list(data[name])


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = _list(data, name)
    if not all(isinstance(value, str) for value in values):
        raise ReportError(f"{name} is not a list of texts.")
    return tuple(values)
