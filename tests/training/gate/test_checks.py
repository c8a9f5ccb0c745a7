"""What a rule of the gate finds: agreement of people, of a judge with them, and the battery."""

from typing import Any

import pytest

from annotation.batteries import cases
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.batteries import answering, fair, generous, make_small, reader, support, tried
from tests.support.desk import RUBRIC, Desk, build_desk
from tests.support.judged_desk import LEVELS, judge_that_gives
from training.gate.checks import Check, GateChecks, check_gate
from training.gate.services import rule_add
from training.models import GateRule
from webapp.accounts.models import User

pytestmark = pytest.mark.django_db


def rule(at_desk: Desk, about: str, **changes: Any) -> GateRule:
    plan: dict[str, Any] = {
        "rubric": at_desk.version.rubric,
        "criterion": "empathy",
        "statistic": "alpha",
        "least": 0.667,
        "items": 12,
    }
    return rule_add(
        project=at_desk.cast.project, actor=at_desk.cast.leads[0], about=about, **(plan | changes)
    )


def found(at_desk: Desk, judge: Judge, user: User | None = None) -> GateChecks:
    member = at_desk.cast.member(user or at_desk.cast.leads[0])
    return check_gate(member, at_desk.version, judge)


def only(at_desk: Desk, judge: Judge) -> Check:
    (check,) = found(at_desk, judge).checks
    return check


def test_without_rules_there_is_no_gate(rated: Desk) -> None:
    assert found(rated, judge_that_gives(rated, LEVELS)).state == "not_set"


def test_a_judge_that_agrees_with_people_meets_its_rule(rated: Desk) -> None:
    rule(rated, "judge")
    check = only(rated, judge_that_gives(rated, [*LEVELS[:-1], 3]))
    assert check.met and check.why == ""
    assert (check.criterion, check.n) == ("Empathy", 12)
    assert check.low is not None and 0.667 < check.low < 1


def test_one_that_mixes_the_scale_up_misses_it(rated: Desk) -> None:
    rule(rated, "judge")
    check = only(rated, judge_that_gives(rated, [(level + 2) % 5 + 1 for level in LEVELS]))
    assert not check.met
    assert check.why.startswith("The interval starts at −0.") and "below 0.667" in check.why


def test_too_few_items_miss_it_however_well_they_agree(rated: Desk) -> None:
    rule(rated, "judge")
    check = only(rated, judge_that_gives(rated, LEVELS[:11]))
    assert (check.met, check.why, check.value) == (False, "Too few items: 11 of 12", 1.0)


def test_a_judge_that_rated_nothing_misses_it(rated: Desk) -> None:
    rule(rated, "judge")
    check = only(rated, judge_that_gives(rated, []))
    assert (check.met, check.n, check.low) == (False, 0, None)


def test_one_person_alone_is_no_reference(cast: Cast) -> None:
    ana, ben, _ = cast.annotators
    at_desk = build_desk(cast, dialogues=6)
    levels = [{"empathy": level} for level in LEVELS]
    # The second person rated the first two only.
    at_desk.rate_first({ana: levels, ben: [*levels[:2], *[None] * 10]})
    rule(at_desk, "judge")
    assert only(at_desk, judge_that_gives(at_desk, LEVELS)).n == 2


def test_what_a_lead_still_rates_is_in_no_figure(rated: Desk) -> None:
    """They would learn from it how others rated the text. Nor can they start a run as if these
    texts were none."""
    rule(rated, "people", statistic="same", least=0.5)
    rater = rated.cast.leads[1]
    judge = judge_that_gives(rated, [])
    assert only(rated, judge).met
    (check,) = found(rated, judge, rater).checks
    assert (check.n, check.met) == (0, False)
    assert check.why.startswith("12 texts are left out because you still have to rate.")


def test_a_judge_cannot_leave_out_what_it_gets_wrong(rated: Desk) -> None:
    rule(rated, "judge", items=10)
    assert only(rated, judge_that_gives(rated, [*LEVELS[:-2], None, 3])).met
    check = only(rated, judge_that_gives(rated, [*LEVELS[:-2], None, None]))
    assert (check.met, check.n, check.skipped) == (False, 10, 2)
    assert "“does not apply” on 2 texts" in check.why


def test_texts_without_a_level_of_people_add_nothing(cast: Cast) -> None:
    """AC2 reads what one rater alone gave, too: a judge could raise it with more texts."""
    ana, ben, _ = cast.annotators
    at_desk = build_desk(cast, dialogues=12)
    levels = [{"empathy": level} for level in [*LEVELS, *[5] * 12]]
    at_desk.rate_first({ana: levels, ben: [*levels[:12], *[None] * 12]})
    rule(at_desk, "judge", statistic="ac2", least=0.1, items=10)
    few = only(at_desk, judge_that_gives(at_desk, [*LEVELS[:-1], 3]))
    many = only(at_desk, judge_that_gives(at_desk, [*LEVELS[:-1], 3, *[5] * 12]))
    assert (few.n, few.groups, few.unit) == (12, 6, "profiles")
    assert (many.value, many.low, many.groups) == (few.value, few.low, few.groups)


@pytest.fixture
def nearly(cast: Cast) -> Desk:
    """Two people who differ on one of twelve replies."""
    ana, ben, _ = cast.annotators
    at_desk = build_desk(cast, dialogues=6)
    levels = [{"empathy": level} for level in LEVELS]
    at_desk.rate_first({ana: levels, ben: [*levels[:-1], {"empathy": 3}]})
    return at_desk


def test_people_are_measured_among_themselves(nearly: Desk) -> None:
    for statistic in ("same", "ac2", "alpha"):
        rule(nearly, "people", statistic=statistic, least=0.7)
    checks = found(nearly, judge_that_gives(nearly, [])).checks
    assert checks[0].value == pytest.approx(11 / 12) and checks[0].low is not None
    assert [(check.met, check.n) for check in checks] == [(True, 12)] * 3


def test_where_all_agree_each_profile_counts_once(rated: Desk) -> None:
    """No resample differs, so the interval is Wilson's of 6 of 6."""
    made = rule(rated, "people")
    judge = judge_that_gives(rated, [])
    check = only(rated, judge)
    assert (check.value, check.groups, check.met) == (1.0, 6, False)
    assert check.low == pytest.approx(6 / (6 + 1.959964**2), abs=1e-4)
    assert check.why == "The interval starts at 0.610, below 0.667"
    GateRule.objects.filter(pk=made.pk).update(least=0.6)
    assert only(rated, judge).met


def test_a_rule_without_a_criterion_is_about_each(nearly: Desk) -> None:
    rule(nearly, "people", criterion="")
    checks = found(nearly, judge_that_gives(nearly, []))
    names = [criterion.name for criterion in RUBRIC.judge_criteria]
    assert [check.criterion for check in checks.checks] == names
    assert [check.met for check in checks.checks] == [name == "Empathy" for name in names]
    assert (checks.state, checks.unmet) == ("not_met", len(names) - 1)


def test_rules_of_another_rubric_are_not_asked(rated: Desk) -> None:
    rule(rated, "people")
    other = support(rated.cast)
    judge = judge_that_gives(rated, [])
    assert check_gate(rated.cast.member(rated.cast.leads[0]), other, judge).state == "not_set"


def test_a_criterion_that_is_gone_is_not_met(rated: Desk) -> None:
    made = rule(rated, "people")
    GateRule.objects.filter(pk=made.pk).update(criterion="gone")
    check = only(rated, judge_that_gives(rated, []))
    assert not check.met and "does not have this criterion" in check.why


@pytest.mark.django_db(transaction=True)
def test_the_battery_must_be_passed_by_this_judge_and_text(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    judge, version = reader(cast), support(cast)
    rule_add(project=cast.project, actor=cast.leads[0], about="battery")

    def checked(by: Judge) -> Check:
        (check,) = check_gate(cast.member(cast.leads[0]), version, by).checks
        return check

    assert not checked(judge).met and "was not tried on the battery" in checked(judge).why
    answering(monkeypatch, generous)
    tried(cast, judge, version)
    assert not checked(judge).met and "scored too high" in checked(judge).why
    answering(monkeypatch, fair)
    tried(cast, judge, version)
    assert checked(judge).met and checked(judge).why.startswith("Passed")
    assert not checked(reader(cast)).met, "another judge's report says nothing"
    monkeypatch.setattr(cases, "battery_hash", lambda: "other".ljust(64, "0"))
    assert not checked(judge).met and "has other cases now" in checked(judge).why
