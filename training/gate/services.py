"""Write the gate of a project: what a rubric and its judge must show before training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from rubrics.models import Judge, Rubric, RubricVersion
from training.gate.checks import GateChecks, check_gate
from training.gate.limits import ITEMS, LEAST
from training.gate.queries import rubric_choices, rules_for
from training.models import GateRule, TrainingRun
from webapp.accounts.access import find_member, require_open
from webapp.accounts.models import Project, User
from webapp.audit import services as audit
from webapp.db import one_at_a_time
from webapp.errors import Refused


class GateNotMet(Refused):
    """A rule is not met, and nobody wrote why the run should start all the same."""

    def __init__(self, found: GateChecks) -> None:
        super().__init__(
            f"The gate is not met: {found.unmet} of {len(found.checks)} rules. Choose another "
            "judge or rubric version, or write why the run should start anyway.",
            code="gate",
        )
        self.found = found


def rule_add(
    *,
    project: Project,
    actor: User,
    about: str,
    rubric: Rubric | None = None,
    criterion: str = "",
    statistic: str = "",
    least: float | None = None,
    items: int | None = None,
) -> GateRule:
    """Add a rule. About agreement it needs a rubric, a statistic, `least` and `items`; about the
    battery these are left out. Raises Refused for numbers outside their bounds, an unknown
    criterion, and a rule that is there already, whatever its numbers."""
    require_open(project)
    if about == GateRule.About.BATTERY:
        rubric, criterion, statistic, least, items = None, "", "", None, None
    else:
        _require_complete(project, about, rubric, criterion, statistic, least, items)
    with transaction.atomic():
        one_at_a_time(_lock(project.pk))
        same = GateRule.objects.filter(
            project=project, about=about, rubric=rubric, criterion=criterion, statistic=statistic
        )
        if same.exists():
            raise Refused(
                "The gate has this rule already. To change its numbers, remove it and add it "
                "again.",
                code="rule_there",
            )
        rule = GateRule.objects.create(
            project=project,
            about=about,
            rubric=rubric,
            criterion=criterion,
            statistic=statistic,
            least=least,
            items=items,
            created_by=actor,
        )
        audit.record("gate.rule_added", actor=actor, object=rule, **_audit_fields(rule))
    return rule


def rule_remove(*, rule: GateRule, actor: User) -> None:
    """Remove a rule if it is still there. Runs keep what they were checked against."""
    require_open(rule.project)
    with transaction.atomic():
        one_at_a_time(_lock(rule.project_id))
        row = GateRule.objects.filter(pk=rule.pk).first()
        if row is not None:
            audit.record("gate.rule_removed", actor=actor, object=row, **_audit_fields(row))
            row.delete()


@dataclass(frozen=True)
class GateResult:
    """What the gate of a project said of a version and a judge: the `fields` that a run keeps, and
    the rules that were checked."""

    fields: Mapping[str, Any]
    rules: Sequence[tuple[Any, ...]]


NOT_ASKED = GateResult({}, ())


def require_gate(
    *, actor: User, version: RubricVersion, judge: Judge | None, reason: str
) -> GateResult:
    """Check the gate. Raises GateNotMet where a rule is not met and there is no reason. A run
    without a judge has no reward, and needs no check."""
    if judge is None:
        return NOT_ASKED
    rules = _as_checked(version)
    if not rules:
        return NOT_ASKED
    member = find_member(actor, version.project_id)
    if member is None:
        raise Refused("Only a member of the project can start a run.", code="no_member")
    found = check_gate(member, version, judge)
    reason = reason.strip()
    if not found.is_met and not reason:
        raise GateNotMet(found)
    if len(reason) > TrainingRun.MAX_REASON:
        raise Refused(
            f"The reason must have at most {TrainingRun.MAX_REASON:,} characters.", code="reason"
        )
    fields = {
        "gate": found.state,
        "gate_checks": found.to_json(),
        "gate_reason": "" if found.is_met else reason,
    }
    return GateResult(fields, rules)


def hold_gate(version: RubricVersion, judge: Judge | None, result: GateResult) -> None:
    """Keep the rules as they are until the present transaction ends. Raises Refused where they
    changed since they were checked."""
    one_at_a_time(_lock(version.project_id))
    if judge is not None and _as_checked(version) != result.rules:
        raise Refused(
            "The rules of the gate changed in the meantime. Nothing was started. Try again.",
            code="gate_changed",
        )


def _as_checked(version: RubricVersion) -> tuple[tuple[Any, ...], ...]:
    return tuple(
        (rule.pk, rule.criterion, rule.statistic, rule.least, rule.items)
        for rule in rules_for(version)
    )


def _lock(project_id: UUID) -> str:
    return f"gate/{project_id}"


def _require_complete(
    project: Project,
    about: str,
    rubric: Rubric | None,
    criterion: str,
    statistic: str,
    least: float | None,
    items: int | None,
) -> None:
    if about not in (GateRule.About.PEOPLE, GateRule.About.JUDGE):
        raise Refused(
            "Choose what must hold: people agree, the judge agrees with people, or the judge "
            "passed the battery.",
            code="about",
        )
    if statistic not in GateRule.Statistic.values:
        raise Refused("Choose a measure of agreement.", code="statistic")
    if least is None or items is None:
        raise Refused("Give the lowest value and the fewest items.", code="numbers")
    LEAST.require(least)
    ITEMS.require(items)
    known = {choice.rubric_id: choice.criteria for choice in rubric_choices(project)}
    if rubric is None or str(rubric.pk) not in known:
        raise Refused("Choose a rubric with a published version.", code="rubric")
    if criterion and criterion not in dict(known[str(rubric.pk)]):
        raise Refused("The rubric’s newest version has no such criterion.", code="criterion")


def _audit_fields(rule: GateRule) -> dict[str, Any]:
    return {
        "about": rule.about,
        "rubric": str(rule.rubric_id) if rule.rubric_id else "",
        "criterion": rule.criterion,
        "statistic": rule.statistic,
        "least": rule.least,
        "items": rule.items,
    }
