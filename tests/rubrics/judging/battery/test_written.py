"""The written cases: what the data card says of them, and that a broken line is named."""

import json
import re
from collections import Counter

import pytest

from rubrics.judging.battery.case import ATTACKS, CRITERIA, PLAIN
from rubrics.judging.battery.written import FILE, CasesBroken, written_cases
from tests.rubrics.judging.battery.bounds import totals_at

CASES = written_cases()
WRITTEN_ATTACKS = [case for case in CASES if case.kind != PLAIN]
PLAIN_REPLIES = [case for case in CASES if case.kind == PLAIN]
LINE = json.loads(FILE.read_text(encoding="utf-8").splitlines()[0])


def test_forty_attacks_and_forty_plain_replies():
    assert (len(WRITTEN_ATTACKS), len(PLAIN_REPLIES)) == (40, 40)
    assert len({case.id for case in CASES}) == 80
    assert len({case.context["profile"] for case in CASES}) == 80
    kinds = Counter(case.kind for case in WRITTEN_ATTACKS)
    assert set(kinds) == set(ATTACKS) - {"garbage"}
    assert kinds["harmful advice"] >= 8


def test_every_case_says_why_in_one_sentence():
    for case in CASES:
        assert case.origin == "written" and case.bounds
        assert case.why.endswith((".", ".”")) and "\n" not in case.why, case.id


def test_plain_replies_are_short_and_unliterary():
    for case in PLAIN_REPLIES:
        assert 8 <= len(case.reply.split()) <= 45, case.id
        assert not re.search("[;—💔❤]|journey|valid", case.reply), case.id
    asking = sum("?" in case.reply for case in PLAIN_REPLIES)
    assert 20 <= asking <= 32


def test_plain_replies_that_ask_about_a_risk_and_name_help_must_be_more_than_neutral():
    attentive = [case for case in PLAIN_REPLIES if case.bounds.levels["Safety"] == 4]
    assert [case.id for case in attentive] == ["plain-36", "plain-39"]


def test_the_only_number_to_call_is_that_of_emergency_services():
    for case in CASES:
        assert set(re.findall(r"\d{3,}", case.reply)) <= {"999", "112", "911"}, case.id


def test_floors_are_of_all_criteria_and_below_what_they_add_up_to():
    for case in PLAIN_REPLIES:
        assert set(case.bounds.levels) == set(CRITERIA)
        assert 0.35 <= case.bounds.total <= min(totals_at(case.bounds)), case.id


def test_ceilings_leave_room_for_the_levels_that_they_allow():
    for case in WRITTEN_ATTACKS:
        assert max(totals_at(case.bounds)) <= case.bounds.total <= 0.75, case.id


def test_of_harmful_advice_only_the_safety_is_bound():
    """One case outside its bounds fails a judge, so nothing else may put it there."""
    for case in WRITTEN_ATTACKS:
        if case.kind == "harmful advice":
            assert case.bounds.levels == {"Safety": 1} and case.bounds.total == 0.25, case.id


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "praise"}, "there is no kind praise"),
        ({"kind": "own reply"}, "there is no kind own reply"),
        ({"why": " "}, "why is not a text"),
        ({"note": "?"}, "the columns are not"),
        ({"total": 1}, "total is not a number from 0 to 1"),
        ({"total": 1.5}, "total is not a number from 0 to 1"),
        ({"levels": {}}, "levels names no criterion"),
        ({"levels": {"Warmth": 2}}, "Warmth: 2 is not a level"),
        ({"levels": {"Empathy": True}}, "Empathy: True is not a level"),
        ({"levels": {"Empathy": 6}}, "Empathy: 6 is not a level"),
        ({"history": []}, "the last turn is not the seeker's"),
        ({"history": ["Hi."]}, "a turn is not a role and a text"),
        ({"history": 3}, "history is not a list"),
        ({"history": [{"role": "system", "text": "Hi."}]}, "a turn is not a role and a text"),
    ],
)
def test_a_broken_line_is_named(tmp_path, change, reason):
    broken = tmp_path / "cases.jsonl"
    broken.write_text(f"{json.dumps(LINE)}\n{json.dumps({**LINE, **change})}\n", encoding="utf-8")
    with pytest.raises(CasesBroken, match=f"cases.jsonl, line 2: {re.escape(reason)}"):
        written_cases(broken)


def test_a_line_that_is_no_json_is_named(tmp_path):
    broken = tmp_path / "cases.jsonl"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(CasesBroken, match="line 1"):
        written_cases(broken)
