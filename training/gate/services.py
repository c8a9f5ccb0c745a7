"""Write the gate of a project: what a rubric and its judge must show before training."""

from typing import Any

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
        rules = "rule" if found.unmet == 1 else "rules"
        super().__init__(
            f"The gate is not met: {found.unmet} {rules} of {len(found.checks)}. Choose another "
            "judge or rubric version, or write why the run should start all the same.",
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
    """Add a rule. On agreement it names a rubric, a statistic and the least that it takes; on the
    battery nothing else. Raises Refused for numbers outside their bounds, a criterion that the
    rubric does not have, and a rule that is there already with the same or other numbers."""
    require_open(project)
    if about == GateRule.About.BATTERY:
        rubric, criterion, statistic, least, items = None, "", "", None, None
    else:
        _require_whole(project, about, rubric, criterion, statistic, least, items)
    with transaction.atomic():
        one_at_a_time(f"gate/{project.pk}")
        same = GateRule.objects.filter(
            project=project, about=about, rubric=rubric, criterion=criterion, statistic=statistic
        )
        if same.exists():
            raise Refused(
                "The gate has this rule already. Remove it first to change its numbers.",
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
        audit.record("gate.rule_added", actor=actor, object=rule, **_told(rule))
    return rule


def rule_remove(*, rule: GateRule, actor: User) -> None:
    """Runs that were started keep what they were checked against."""
    require_open(rule.project)
    with transaction.atomic():
        row = GateRule.objects.select_for_update().filter(pk=rule.pk).first()
        if row is not None:
            audit.record("gate.rule_removed", actor=actor, object=row, **_told(row))
            row.delete()


def require_gate(
    *, actor: User, version: RubricVersion, judge: Judge | None, reason: str
) -> dict[str, Any]:
    """What a run keeps of the gate. Raises GateNotMet where a rule is not met and there is no
    reason. A run without a judge has no reward, so no rule is about it."""
    if judge is None or not rules_for(version):
        return {}
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
    return {
        "gate": found.state,
        "gate_checks": found.to_json(),
        "gate_reason": "" if found.is_met else reason,
    }


def _require_whole(
    project: Project,
    about: str,
    rubric: Rubric | None,
    criterion: str,
    statistic: str,
    least: float | None,
    items: int | None,
) -> None:
    if about not in (GateRule.About.PEOPLE, GateRule.About.JUDGE):
        raise Refused("A rule is about people, a judge or the battery.", code="about")
    if statistic not in GateRule.Statistic.values:
        raise Refused("Choose what is measured.", code="statistic")
    if least is None or items is None:
        raise Refused("Give the lower bound and the number of items.", code="numbers")
    LEAST.require(least)
    ITEMS.require(items)
    known = {choice.rubric_id: choice.criteria for choice in rubric_choices(project)}
    if rubric is None or str(rubric.pk) not in known:
        raise Refused("Choose a rubric with a published version.", code="rubric")
    if criterion and criterion not in dict(known[str(rubric.pk)]):
        raise Refused("The rubric’s newest version has no such criterion.", code="criterion")


def _told(rule: GateRule) -> dict[str, Any]:
    return {
        "about": rule.about,
        "rubric": str(rule.rubric_id) if rule.rubric_id else "",
        "criterion": rule.criterion,
        "statistic": rule.statistic,
        "least": rule.least,
        "items": rule.items,
    }
