"""Who may be tried on the battery, by what, and once at a time."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.batteries import cases
from annotation.models import BatteryItem, BatteryRun
from rubrics.core.spec import CriterionSpec
from tests.conftest import Cast
from tests.support.batteries import RUBRIC, battery_run, reader, support
from tests.support.dialogues import WHOLE, levels, published
from tests.support.judge_runs import learned_judge, rated, texts, version_of
from tests.support.objects import Setting
from tests.support.rows import draft
from webapp.errors import Refused
from webapp.runs import services as runs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small")]


def test_a_run_has_every_case_and_says_which_they_are(cast: Cast) -> None:
    version = support(cast)
    run = battery_run(cast, reader(cast))
    assert (run.version, run.spec, run.status) == (version, version.spec, "pending")
    assert run.cases_hash == cases.battery_hash() and run.report is None
    planned = list(run.items.order_by("position").values_list("case", flat=True))
    assert planned == [case.id for case in cases.battery()]
    assert set(run.items.values_list("state", flat=True)) == {BatteryItem.State.WAITING}


def test_the_same_key_is_the_same_run(cast: Cast) -> None:
    support(cast)
    judge = reader(cast)
    run = battery_run(cast, judge, key="one")
    assert battery_run(cast, judge, key="one") == run
    assert BatteryRun.objects.count() == 1


def test_one_run_of_a_judge_and_a_version_is_under_way_at_a_time(cast: Cast) -> None:
    first, judge = support(cast), reader(cast)
    run = battery_run(cast, judge)
    with pytest.raises(Refused, match="Battery 1 already tries") as refused:
        battery_run(cast, judge)
    assert refused.value.code == "under_way"
    # Another judge and another version don't wait.
    battery_run(cast, reader(cast))
    battery_run(cast, judge, published(cast.project, replace(RUBRIC, title="Other")))
    runs.cancel(run, actor=cast.leads[0])
    battery_run(cast, judge, first)
    # The database refuses it, too.
    with pytest.raises(IntegrityError, match="one_battery_under_way"), transaction.atomic():
        BatteryRun.objects.filter(pk=run.pk).update(status="pending", ended_at=None)


def test_a_run_that_was_stopped_does_not_go_on_beside_another(cast: Cast) -> None:
    version, judge = support(cast), reader(cast)
    run = battery_run(cast, judge, version)
    runs.cancel(run, actor=cast.leads[0])
    battery_run(cast, judge, version)
    with pytest.raises(Refused) as refused:
        runs.resume(run, actor=cast.leads[0])
    assert refused.value.code == "under_way"


def test_a_finished_run_has_a_report(cast: Cast) -> None:
    support(cast)
    run = battery_run(cast, reader(cast))
    with pytest.raises(IntegrityError, match="finished_battery_has_a_report"), transaction.atomic():
        BatteryRun.objects.filter(pk=run.pk).update(status="succeeded", ended_at=timezone.now())


def test_without_a_version_it_is_the_newest_that_has_criteria_of_replies(cast: Cast) -> None:
    support(cast)
    newest = published(cast.project, replace(RUBRIC, title="Newest"))
    published(cast.project, WHOLE)
    plan = CriterionSpec("plan", "m-plan", "Plan", levels=levels(), spans=("reasoning",))
    published(cast.project, replace(RUBRIC, title="Plans", criteria=(plan,)))
    assert battery_run(cast, reader(cast)).version == newest


@pytest.mark.django_db(transaction=True)
def test_a_learned_judge_is_tried_by_what_it_has_learned(cast: Cast) -> None:
    known = version_of(cast)
    rated(cast, texts(cast), known)
    judge = learned_judge(cast, known)
    other = support(cast)
    assert battery_run(cast, judge).version == known
    with pytest.raises(Refused, match="has not learned Empathy of Support 1") as refused:
        battery_run(cast, judge, other)
    assert refused.value.code == "knows_no_criterion"


def test_without_a_version_that_fits_nothing_starts(cast: Cast) -> None:
    whole = published(cast.project, WHOLE)
    judge = reader(cast)
    with pytest.raises(Refused, match="No published rubric version") as refused:
        battery_run(cast, judge)
    assert refused.value.code == "no_version"
    with pytest.raises(Refused, match="rates whole dialogues") as refused:
        battery_run(cast, judge, whole)
    assert refused.value.code == "target_kind"
    with pytest.raises(Refused, match="Publish the version first"):
        battery_run(cast, judge, draft(Setting(cast.project, cast.leads[0])))
    assert not BatteryRun.objects.exists()


def test_a_judge_whose_endpoint_has_changed_is_refused(cast: Cast) -> None:
    support(cast)
    judge = reader(cast)
    assert judge.endpoint is not None
    type(judge.endpoint).objects.filter(pk=judge.endpoint_id).update(model="another")
    judge.endpoint.refresh_from_db()
    with pytest.raises(Refused) as refused:
        battery_run(cast, judge)
    assert refused.value.code == "judge_changed"


def test_a_run_of_other_cases_does_not_go_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    support(cast)
    run = battery_run(cast, reader(cast))
    runs.cancel(run, actor=cast.leads[0])
    monkeypatch.setattr(cases, "battery_hash", lambda: "x" * 64)
    with pytest.raises(Refused, match="The battery has changed") as refused:
        runs.resume(run, actor=cast.leads[0])
    assert refused.value.code == "cases_changed"
