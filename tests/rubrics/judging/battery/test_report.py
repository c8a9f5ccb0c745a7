"""A report as JSON and back, and what is refused."""

import copy
import json

import pytest

from rubrics.judging.battery.report import (
    Group,
    Report,
    ReportError,
    Worst,
    from_json,
    to_json,
)

WORST = Worst("garbage 3", 0.8, "total 0.8, at most 0.35", "asdf jkl?")
REPORT = Report(
    spec_hash="ab" * 32,
    cases_hash="cd" * 32,
    held_to_levels=("Empathy", "Safety"),
    groups=(
        Group("garbage", "code", 24, 1, 0.52, 20, (WORST,)),
        Group("garbage", "written", 2, 2, None, 0),
        Group("plain reply", "written", 40, 0, 0.6, 3),
        Group("own reply", "code", 40, 0, 0.7, 0),
    ),
    median_own=0.71,
    reasons=("Garbage: 20 of 23 scored too high; allowed: 10 %.",),
)


def test_a_report_comes_back_equal_through_json():
    assert from_json(json.loads(json.dumps(to_json(REPORT)))) == REPORT
    bare = Report("a", "b", (), (), None, ())
    assert from_json(to_json(bare)) == bare


def test_figures_that_follow_from_others_are_in_the_json():
    data = to_json(REPORT)
    assert data["passed"] is False and data["human_capped"] == 0.075
    assert [group["share_wrong"] for group in data["groups"]] == [20 / 23, None, 0.075, 0.0]


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (["format"], "other", "This version reads kardia-battery-report 1"),
        (["format_version"], 2, "This version reads kardia-battery-report 1"),
        (["extra"], 1, "A report has the columns"),
        (["spec_hash"], None, "spec_hash is not a text"),
        (["held_to_levels"], "Empathy", "held_to_levels is not a list"),
        (["held_to_levels"], [1], "held_to_levels is not a list of texts"),
        (["median_own"], 1.2, "median_own is not a number from 0 to 1"),
        (["median_own"], float("nan"), "median_own is not a number from 0 to 1"),
        (["median_own"], True, "median_own is not a number from 0 to 1"),
        (["passed"], True, "do not fit each other"),
        (["human_capped"], 0.0, "do not fit each other"),
        (["groups"], {}, "groups is not a list"),
        (["groups", 0], [], "A group has the columns"),
        (["groups", 0, "kind"], "praise", "There is no group praise, code"),
        (["groups", 0, "origin"], "hand", "There is no group garbage, hand"),
        (["groups", 0, "n"], 24.0, "n is not a number of cases"),
        (["groups", 0, "n"], -1, "n is not a number of cases"),
        (["groups", 0, "wrong"], 24, "The figures of garbage do not fit"),
        (["groups", 0, "unscored"], 24, "The figures of garbage do not fit"),
        (["groups", 0, "share_wrong"], 0.5, "The figures of garbage do not fit"),
        (["groups", 0, "mean_total"], None, "The figures of garbage do not fit"),
        (["groups", 1, "mean_total"], 0.5, "The figures of garbage do not fit"),
        (["groups", 1, "origin"], "code", "A group is there twice"),
        (["groups", 3, "wrong"], 1, "The figures of own reply do not fit"),
        (["groups", 0, "worst", 0, "total"], None, "total is not a number from 0 to 1"),
        (["groups", 0, "worst", 0, "reply"], 3, "reply is not a text"),
        (["groups", 0, "worst", 0, "more"], 3, "A case has the columns"),
    ],
)
def test_what_is_no_report_is_refused(path, value, reason):
    data = copy.deepcopy(to_json(REPORT))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ReportError, match=reason):
        from_json(data)


@pytest.mark.parametrize("data", [None, [], "report", {"format": "kardia-battery-report"}])
def test_other_data_are_refused(data):
    with pytest.raises(ReportError, match="A report has the columns"):
        from_json(data)
