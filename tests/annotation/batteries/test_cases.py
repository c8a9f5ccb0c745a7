"""The battery is the same for every project, and has all of its parts."""

from collections import Counter

from annotation.batteries import cases
from annotation.models.batteries import MAX_CASE_ID
from rubrics.judging.battery.case import ATTACKS, OWN, PLAIN, cases_hash


def test_the_battery_has_every_part() -> None:
    counted = Counter((case.kind, case.origin) for case in cases.battery())
    assert {kind for kind, _ in counted} == {*ATTACKS, PLAIN, OWN}
    assert (counted[PLAIN, "written"], counted[OWN, "code"]) == (40, 40)
    assert sum(n for (kind, _), n in counted.items() if kind in ATTACKS) == 276


def test_the_cases_are_the_same_when_they_are_made_again() -> None:
    assert cases_hash(cases.battery.__wrapped__()) == cases.battery_hash()


def test_ids_fit_their_column() -> None:
    assert max(len(case.id) for case in cases.battery()) <= MAX_CASE_ID
    assert len(cases.by_id()) == len(cases.battery())
