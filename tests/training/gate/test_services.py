"""Rules are written once, and a run that misses one needs a reason that stays with it."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from annotation.models import Snapshot
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import WHOLE, published
from tests.training.runs.worlds import SFT, World
from training import services as runs
from training.gate.services import GateNotMet, rule_add, rule_remove
from training.models import Checkpoint, GateRule, TrainingRun
from webapp.accounts.models import Project
from webapp.audit.models import Entry
from webapp.errors import Refused

pytestmark = pytest.mark.django_db
REASON = "A pilot: nobody will talk to this model."


def require_battery(world: World) -> GateRule:
    return rule_add(project=world.project, actor=world.lead, about="battery")


def on_agreement(world: World, **changes: Any) -> GateRule:
    plan: dict[str, Any] = {
        "project": world.project,
        "actor": world.lead,
        "about": "judge",
        "rubric": world.version.rubric,
        "statistic": "alpha",
        "least": 0.8,
        "items": 30,
    }
    return rule_add(**(plan | changes))


def test_a_run_that_misses_the_gate_is_not_started(ready: World) -> None:
    require_battery(ready)
    on_agreement(ready)
    for reason in ("", "  \n"):
        with pytest.raises(GateNotMet) as caught:
            ready.start(gate_reason=reason)
    assert caught.value.code == "gate" and caught.value.found.unmet == 3
    assert "3 of 3 rules" in str(caught.value)
    assert not TrainingRun.objects.exists() and not Snapshot.objects.exists()


def test_with_a_reason_it_starts_and_keeps_both(ready: World) -> None:
    require_battery(ready)
    run = ready.start(gate_reason=f"  {REASON} ")
    assert (run.gate, run.gate_reason) == ("not_met", REASON)
    (check,) = run.gate_checks
    assert check["about"] == "battery" and not check["met"]


def test_without_rules_a_reason_is_not_kept(ready: World) -> None:
    run = ready.start(gate_reason=REASON)
    assert (run.gate, run.gate_checks, run.gate_reason) == ("not_set", [], "")


def test_sft_has_no_reward_and_passes(ready: World) -> None:
    require_battery(ready)
    run = ready.start(sft=SFT, grpo=None, judge=None)
    assert run.gate == "not_set"


def test_the_second_run_of_a_plan_keeps_what_the_first_was_started_with(
    ready: World,
) -> None:
    require_battery(ready)
    with pytest.raises(GateNotMet):
        ready.start(sft=SFT)
    first = ready.start(sft=SFT, gate_reason=REASON)
    Checkpoint.objects.create(
        project=ready.project,
        number=2,
        name="Last",
        origin="run",
        run=first,
        step=first.steps_total,
        path="x",
        sha256="a" * 64,
    )
    TrainingRun.objects.filter(pk=first.pk).update(status="succeeded", ended_at=first.created_at)
    first.refresh_from_db()
    following = runs.training_start_next(first)
    assert following is not None
    assert (following.gate, following.gate_reason) == ("not_met", REASON)
    assert following.gate_checks == first.gate_checks


def test_what_can_not_be_a_reward_is_said_before_the_gate(
    ready: World,
    cast: Cast,
) -> None:
    """Else people would write a reason for a run that can't start."""
    require_battery(ready)
    draft = RubricVersion.objects.create(
        project=ready.project,
        rubric=ready.version.rubric,
        number=2,
        draft=ready.version.spec.content,
        author=cast.clinicians[0],
    )
    for version in (draft, published(ready.project, WHOLE)):
        with pytest.raises(Refused) as caught:
            ready.start(version=version)
        assert caught.value.code != "gate"


def test_a_rule_that_comes_in_the_middle_stops_the_start(
    ready: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    freeze = runs.freeze_split

    def slow(*args: Any, **kwargs: Any) -> Any:
        if not GateRule.objects.exists():
            require_battery(ready)
        return freeze(*args, **kwargs)

    monkeypatch.setattr(runs, "freeze_split", slow)
    with pytest.raises(Refused) as caught:
        ready.start()
    assert caught.value.code == "gate_changed"
    assert not TrainingRun.objects.exists()


def test_rules_added_later_do_not_touch_a_run(ready: World) -> None:
    run = ready.start()
    require_battery(ready)
    run.refresh_from_db()
    assert (run.gate, run.gate_checks) == ("not_set", [])
    again = ready.start(key=run.idempotency_key)
    assert again == run, "the same key asks for nothing new"


def test_a_rule_is_written_and_removed_once(ready: World) -> None:
    rule = on_agreement(ready)
    with pytest.raises(Refused, match="has this rule already"):
        on_agreement(ready, least=0.1)
    require_battery(ready)
    with pytest.raises(Refused, match="has this rule already"):
        require_battery(ready)
    rule_remove(rule=rule, actor=ready.lead)
    rule_remove(rule=rule, actor=ready.lead)
    on_agreement(ready, criterion="empathy")
    assert GateRule.objects.count() == 2
    done = Entry.objects.filter(action__startswith="gate.").values_list("action", flat=True)
    assert sorted(done) == ["gate.rule_added"] * 3 + ["gate.rule_removed"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"about": "moon"}, "about"),
        ({"statistic": "kappa"}, "statistic"),
        ({"least": None}, "numbers"),
        ({"least": 1.5}, "lower_bound"),
        ({"least": float("nan")}, "lower_bound"),
        ({"items": 9}, "items"),
        ({"rubric": None}, "rubric"),
        ({"criterion": "nobody-has-this"}, "criterion"),
    ],
)
def test_what_makes_no_rule_is_refused(
    ready: World,
    changes: dict[str, Any],
    code: str,
) -> None:
    with pytest.raises(Refused) as caught:
        on_agreement(ready, **changes)
    assert caught.value.code == code
    assert not GateRule.objects.exists()


def test_a_rubric_of_another_project_is_refused(
    ready: World,
    cast: Cast,
) -> None:
    with pytest.raises(Refused, match="Choose a rubric"):
        on_agreement(ready, project=cast.other_project)


def test_the_database_keeps_a_reason_beside_a_missed_gate(ready: World) -> None:
    run = ready.start()
    for changes in ({"gate": "not_met"}, {"gate_reason": REASON}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TrainingRun.objects.filter(pk=run.pk).update(**changes)


def test_an_archived_project_keeps_its_gate(ready: World) -> None:
    rule = require_battery(ready)
    Project.objects.filter(pk=ready.project.pk).update(archived_at=rule.created_at)
    rule = GateRule.objects.get()
    with pytest.raises(PermissionDenied):
        rule_remove(rule=rule, actor=ready.lead)
    with pytest.raises(PermissionDenied):
        rule_add(project=rule.project, actor=ready.lead, about="battery")
