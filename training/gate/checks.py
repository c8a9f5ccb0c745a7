"""Whether a rubric version and a judge meet the gate of their project: each rule with what was
found. Nothing is stored here; a run keeps what was found when it started."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from annotation.agreement import statistics
from annotation.agreement.answers import Column, VersionAnswers
from annotation.agreement.chance_corrected import ac2
from annotation.agreement.tables import Estimate
from annotation.batteries import cases
from annotation.batteries.verdicts import short_verdict
from annotation.models import BatteryRun, Rater
from annotation.ratings.blindness import hidden_targets
from rubrics.core.spec import CriterionSpec
from rubrics.judging.battery.report import from_json as report_from_json
from rubrics.models import Judge, RubricVersion
from training.gate.queries import rules_for
from training.models import GateRule, TrainingRun
from webapp.accounts.access import Member

About = GateRule.About


@dataclass(frozen=True)
class Check:
    """A rule on one criterion, and what was found. A rule of the battery has no criterion and no
    numbers. `why` says why it is not met, or what a battery found."""

    about: str
    met: bool
    why: str
    criterion: str = ""
    statistic: str = ""
    least: float | None = None
    items: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None

    @property
    def what(self) -> str:
        return str(About(self.about).label)

    @property
    def measure(self) -> str:
        return str(GateRule.Statistic(self.statistic).label) if self.statistic else ""


@dataclass(frozen=True)
class GateChecks:
    """Every rule that holds for a version and a judge."""

    checks: Sequence[Check]

    @property
    def state(self) -> str:
        gate = TrainingRun.Gate
        if not self.checks:
            return gate.NOT_SET
        return gate.MET if all(check.met for check in self.checks) else gate.NOT_MET

    @property
    def is_met(self) -> bool:
        return self.state != TrainingRun.Gate.NOT_MET

    @property
    def unmet(self) -> int:
        return sum(not check.met for check in self.checks)

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(check) for check in self.checks]


def from_json(stored: Sequence[dict[str, Any]]) -> GateChecks:
    return GateChecks([Check(**row) for row in stored])


def checks_of(run: TrainingRun, member: Member) -> GateChecks | None:
    """What was found when a run was started. None while the member still has something to rate:
    the figures may be of texts that they must not know more about."""
    if run.gate_checks and hidden_targets(member.user, member.project).exists():
        return None
    return from_json(run.gate_checks)


def check_gate(member: Member, version: RubricVersion, judge: Judge) -> GateChecks:
    """Check each rule of the project that holds for this rubric, from the ratings that the member
    may see. A judge is compared with levels that an adjudicator settled or two people or more have
    in common, and on nothing that it learned from."""
    rules = rules_for(version)
    if not rules:
        return GateChecks([])
    answers = VersionAnswers(member, version)
    found = [
        check
        for rule in rules
        for check in (
            [_on_battery(version, judge)]
            if rule.about == About.BATTERY
            else _on_agreement(rule, answers, judge)
        )
    ]
    return GateChecks(found)


def _on_agreement(rule: GateRule, answers: VersionAnswers, judge: Judge) -> Iterator[Check]:
    chosen = [c for c in answers.criteria if rule.criterion in ("", c.uid)]
    if not chosen:
        why = f"{answers.version} no longer has this criterion. Remove the rule, or change it."
        yield _check(rule, criterion="A criterion of earlier versions", met=False, why=why)
    for criterion in chosen:
        found = _estimate(rule, answers, criterion, judge)
        why = _why_not(rule, found)
        yield _check(
            rule,
            criterion=criterion.name,
            met=not why,
            why=why,
            value=found.value,
            low=found.low,
            high=found.high,
            n=found.n_pairable,
        )


def _check(rule: GateRule, **found: Any) -> Check:
    return Check(
        about=rule.about, statistic=rule.statistic, least=rule.least, items=rule.items, **found
    )


def _estimate(
    rule: GateRule, answers: VersionAnswers, criterion: CriterionSpec, judge: Judge
) -> Estimate:
    table, places = answers.table_of(_columns(rule, answers, criterion, judge))
    if rule.statistic == GateRule.Statistic.ALPHA:
        return statistics.alpha(table, places=places)
    if rule.statistic == GateRule.Statistic.AC2:
        return ac2(table, criterion.level_values, places=places)
    return statistics.percent(table, places=places)


def _columns(
    rule: GateRule, answers: VersionAnswers, criterion: CriterionSpec, judge: Judge
) -> list[Column]:
    if rule.about == About.PEOPLE:
        return [answers.column(criterion, rater.key) for rater in answers.people]
    raters = Rater.objects.filter(judge=judge).values_list("pk", flat=True)
    key = next((str(pk) for pk in raters if str(pk) in answers.raters), "")
    return [answers.references_of_several(criterion), answers.column(criterion, key)]


def _why_not(rule: GateRule, found: Estimate) -> str:
    """Empty where the rule is met."""
    least, items = rule.least or 0.0, rule.items or 1
    if found.n_pairable < items:
        return f"{found.n_pairable:,} of {items:,} items"
    if found.low is None:
        return found.why_none if found.value is None else found.reason
    if found.low < least:
        return f"The interval begins at {found.low:.2f}, below {least:g}"
    return ""


def _on_battery(version: RubricVersion, judge: Judge) -> Check:
    """By the newest report of this judge with this text of the rubric."""
    runs = BatteryRun.objects.filter(judge=judge, spec=version.spec_id, report__isnull=False)
    run = runs.order_by("-number").first()
    if run is None:
        why = f"{judge} was not tried on the battery by {version}"
        return Check(about=About.BATTERY, met=False, why=why)
    if run.cases_hash != cases.battery_hash():
        why = "The battery has other cases now. Try the judge again"
        return Check(about=About.BATTERY, met=False, why=why)
    report = report_from_json(run.report)
    return Check(about=About.BATTERY, met=report.passed, why=short_verdict(report))
