"""Judges that are strict, generous, harsh, careless or broken, on the whole battery."""

import asyncio

import pytest

from rubrics.core.spec import spec_hash
from rubrics.demo.kardia import EMPATHY_UID, KARDIA, SAFETY_UID
from rubrics.judging.battery.by_code import cases_by_code
from rubrics.judging.battery.case import ATTACKS, OWN, PLAIN, cases_hash
from rubrics.judging.battery.run import run_battery
from rubrics.judging.battery.written import written_cases
from tests.support.rubrics import ScriptedJudge, criterion, rubric, scored

pytestmark = pytest.mark.usefixtures("without_vetoes")
WRITTEN = written_cases()
CONTEXTS = [case.context for case in WRITTEN if case.kind == PLAIN]
CASES = [*cases_by_code(CONTEXTS, seed=1), *WRITTEN]
KIND_OF = {case.id: case.kind for case in CASES}


def run(answer, spec=KARDIA, cases=CASES):
    return asyncio.run(run_battery(spec, ScriptedJudge(answer), cases))


def is_attack(item):
    return KIND_OF[item.key] in ATTACKS


def fair(criterion, item):
    return scored(criterion.uid, 1.0 if is_attack(item) else 4.0)


def group(report, kind, origin="code"):
    return next(g for g in report.groups if (g.kind, g.origin) == (kind, origin))


def test_a_fair_judge_passes():
    report = run(fair)
    assert report.passed, report.reasons
    assert report.human_capped == 0 and report.median_own == 0.75
    assert {(g.wrong, g.unscored, g.worst) for g in report.groups} == {(0, 0, ())}
    assert group(report, "garbage").mean_total == 0
    assert report.spec_hash == spec_hash(KARDIA) and report.cases_hash == cases_hash(CASES)
    assert report.held_to_levels == tuple(c.name for c in KARDIA.judge_criteria)


def test_groups_hold_every_case_once():
    report = run(fair)
    assert sum(g.n for g in report.groups) == len(CASES)
    assert {g.kind for g in report.groups} == {*ATTACKS, PLAIN, OWN}


def test_a_generous_judge_fails_by_every_kind_of_attack():
    report = run(lambda c, _: scored(c.uid, 5.0))
    for kind in set(ATTACKS) - {"empty"}:
        assert group(report, kind).share_wrong == 1.0
        assert any(reason.startswith(f"{kind.capitalize()}:") for reason in report.reasons)
    assert any(
        reason.startswith("Written attacks of all kinds: 40 of 40") for reason in report.reasons
    )
    assert report.human_capped == 0 and not report.passed
    assert any("no less than the median of real replies, 1.00" in r for r in report.reasons)


def test_replies_without_a_word_never_reach_the_judge():
    judge = ScriptedJudge(lambda c, _: scored(c.uid, 5.0))
    report = asyncio.run(run_battery(KARDIA, judge, CASES))
    asked = {item.key for item in judge.asked}
    assert len({case.id for case in CASES} - asked) == 6
    # Six have signs that nobody sees, or a single one.
    assert (group(report, "empty").n, group(report, "empty").wrong) == (12, 6)


def test_vetoes_stop_what_a_generous_judge_does_not(monkeypatch):
    monkeypatch.undo()
    report = run(lambda c, _: scored(c.uid, 5.0))
    assert group(report, "copied turn").wrong < group(report, "copied turn").n
    assert report.human_capped == 0, "no plain reply falls under a veto"


def test_a_harsh_judge_caps_people():
    report = run(lambda c, _: scored(c.uid, 1.0))
    assert report.human_capped == 1.0 and not report.passed
    assert any(r.startswith("Plain replies: 40 of 40 scored too low") for r in report.reasons)


def test_a_judge_that_dislikes_plain_words_is_told_by_their_levels():
    def literary(criterion, item):
        plain = KIND_OF[item.key] == PLAIN and criterion.uid == EMPATHY_UID
        return scored(criterion.uid, 1.0) if plain else fair(criterion, item)

    report = run(literary)
    worst = group(report, PLAIN, "written").worst
    assert report.human_capped == 1.0 and len(worst) == 3
    assert "Empathy 1, at least" in worst[0].wrong and "total" not in worst[0].wrong


def test_one_harmful_reply_is_one_too_many():
    def careless(criterion, item):
        if item.key == "harmful advice 1":
            return scored(criterion.uid, 3.0)
        return fair(criterion, item)

    report = run(careless)
    assert report.reasons == ("Harmful advice: 1 of 24 scored too high; allowed: none.",)
    [worst] = group(report, "harmful advice").worst
    assert worst.case == "harmful advice 1" and worst.total == 0.5
    assert worst.wrong == "total 0.5, at most 0.25; Safety 3, at most 1"


def test_a_tenth_of_a_kind_may_be_wrong():
    def now_and_then(wrong):
        keys = {f"garbage {number}" for number in range(1, wrong + 1)}
        return lambda c, item: scored(c.uid, 5.0) if item.key in keys else fair(c, item)

    assert run(now_and_then(2)).passed
    [reason] = run(now_and_then(3)).reasons
    assert reason == "Garbage: 3 of 24 scored too high; allowed: 10 %."


def test_the_worst_come_first():
    def uneven(criterion, item):
        if KIND_OF[item.key] != "garbage":
            return fair(criterion, item)
        return scored(criterion.uid, 3.0 + int(item.key.split()[1]) % 3)

    worst = group(run(uneven), "garbage").worst
    assert [each.total for each in worst] == [1.0, 1.0, 1.0]


def test_a_case_without_a_total_counts_in_no_share():
    def silent(criterion, item):
        return None if KIND_OF[item.key] == "garbage" else fair(criterion, item)

    report = run(silent)
    garbage = group(report, "garbage")
    assert (garbage.unscored, garbage.mean_total, garbage.share_wrong) == (24, None, None)
    assert report.reasons == ("Garbage: 24 of 24 have no total.",)


def test_a_broken_judge_does_not_pass():
    report = run(lambda c, _: None)
    assert not report.passed and report.human_capped is None and report.median_own is None
    assert group(report, PLAIN, "written").mean_total is None


def test_a_part_of_the_battery_is_no_battery():
    assert run(fair, cases=[]).reasons == (
        "The battery had no attacks.",
        "The battery had no plain replies.",
        "The battery had no own replies.",
    )
    assert run(fair, cases=WRITTEN).reasons == ("The battery had no own replies.",)


def test_criteria_of_another_rubric_count_by_the_total():
    spec = rubric(criterion("Warmth"), criterion("Empathy", low=0, high=3), criterion("Safety"))
    report = run(lambda c, item: fair(c, item) if c.uid != "Empathy" else scored(c.uid, 1.0), spec)
    assert report.held_to_levels == ("Safety",)
    assert run(lambda c, _: scored(c.uid, 3.0), rubric(criterion("Warmth"))).reasons


def test_a_gate_makes_the_total_of_harmful_advice_0():
    def gated(criterion, item):
        return scored(criterion.uid, 1.0 if criterion.uid == SAFETY_UID else 3.0)

    harmful = group(run(gated), "harmful advice")
    assert (harmful.mean_total, harmful.wrong) == (0.0, 0)


def test_a_total_below_0_is_a_reward_of_0():
    points = criterion("bad", scale="points", levels=(), points=-8.0)
    spec = rubric(
        criterion("good", scale="points", levels=(), points=5.0), points, formula="healthbench"
    )
    report = run(lambda c, item: scored(c.uid, float(is_attack(item) == (c.uid == "bad"))), spec)
    assert report.passed, report.reasons
    assert group(report, "garbage").mean_total == 0


def test_a_criterion_of_the_reasoning_does_not_cap_a_response():
    spec = rubric(criterion("Empathy"), criterion("plan", spans=("reasoning",)))
    report = run(fair, spec)
    assert report.human_capped == 0 and report.median_own == 0.75
    with pytest.raises(ValueError, match="no criterion of this rubric reads them"):
        run(fair, rubric(criterion("plan", spans=("reasoning",))))


def test_a_rubric_of_dialogues_and_cases_of_one_id_are_refused():
    with pytest.raises(ValueError, match="rates whole dialogues"):
        run(fair, rubric(criterion("a"), target="dialogue"))
    with pytest.raises(ValueError, match="same id"):
        run(fair, cases=[CASES[0], CASES[0]])
