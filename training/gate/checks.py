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
from training.gate.limits import MOST_SKIPPED
from training.gate.queries import GONE, rules_for
from training.models import GateRule, TrainingRun
from webapp.accounts.access import Member
from webapp.intervals import EQUAL, MIN_GROUPS, wilson
from webapp.ui import number

About = GateRule.About


@dataclass(frozen=True)
class Check:
    """A rule on one criterion: `least` and `items` are what it asks for; `value`, its interval from
    `low` to `high`, and `n` items of so many `groups` (`unit`: profiles or dialogues) what was
    found. `skipped` counts the texts with a level of people on which the judge says that the
    criterion does not apply. A rule of the battery has no criterion and no numbers. `why` says why
    it is not met, or what a battery found."""

    about: str
    met: bool
    why: str
    criterion: str = ""
    criterion_uid: str = ""
    statistic: str = ""
    least: float | None = None
    items: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    groups: int | None = None
    unit: str = ""
    skipped: int = 0

    @property
    def rule_label(self) -> str:
        return str(About(self.about).label)

    @property
    def statistic_label(self) -> str:
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


def sees_gates(member: Member) -> bool:
    """Whether a member may read what runs were started with. Not while they have something to rate:
    it tells of texts that they must not know more about."""
    return not hidden_targets(member.user, member.project).exists()


def check_gate(member: Member, version: RubricVersion, judge: Judge) -> GateChecks:
    """Check each rule of the project that holds for this rubric, from the ratings that the member
    may see; where some are hidden from them, no rule on agreement is met. A judge is compared with
    levels that an adjudicator settled, or with the median of two people or more, and on nothing
    that it learned from."""
    rules = rules_for(version)
    found: list[Check] = []
    if any(rule.about != About.BATTERY for rule in rules):
        answers = VersionAnswers(member, version)
        for rule in rules:
            if rule.about != About.BATTERY:
                found += _on_agreement(rule, answers, judge)
    if any(rule.about == About.BATTERY for rule in rules):
        found.append(_on_battery(version, judge))
    return GateChecks(found)


def _on_agreement(rule: GateRule, answers: VersionAnswers, judge: Judge) -> Iterator[Check]:
    chosen = [c for c in answers.criteria if rule.criterion in ("", c.uid)]
    if not chosen:
        why = f"{answers.version} does not have this criterion"
        yield _check(rule, criterion=GONE, criterion_uid=rule.criterion, met=False, why=why)
    for criterion in chosen:
        columns, skipped = _columns(rule, answers, criterion, judge)
        found = _estimate(rule, answers, criterion, columns)
        low, high = _interval(found)
        why = _why_not(rule, found, low, skipped, answers.hidden)
        yield _check(
            rule,
            criterion=criterion.name,
            criterion_uid=criterion.uid,
            met=not why,
            why=why,
            value=found.value,
            low=low,
            high=high,
            n=found.n_pairable,
            groups=found.groups,
            unit=found.unit,
            skipped=skipped,
        )


def _check(rule: GateRule, **found: Any) -> Check:
    return Check(
        about=rule.about, statistic=rule.statistic, least=rule.least, items=rule.items, **found
    )


def _columns(
    rule: GateRule, answers: VersionAnswers, criterion: CriterionSpec, judge: Judge
) -> tuple[list[Column], int]:
    """The levels that are compared, and on how many texts with a level of people the judge says
    that the criterion does not apply. Texts that only one of judge and people gave a level tell
    nothing of both, but AC2 would read them."""
    if rule.about == About.PEOPLE:
        return [answers.column(criterion, rater.key) for rater in answers.people], 0
    raters = Rater.objects.filter(judge=judge).values_list("pk", flat=True)
    key = next((str(pk) for pk in raters if str(pk) in answers.raters), "")
    reference = answers.references_of_two_or_more(criterion)
    given = answers.answered(criterion, key)
    both = [pk for pk in reference if given.get(pk) is not None]
    levels = answers.column(criterion, key)
    skipped = sum(pk in given and given[pk] is None for pk in reference)
    return [{pk: reference[pk] for pk in both}, {pk: levels[pk] for pk in both}], skipped


def _estimate(
    rule: GateRule, answers: VersionAnswers, criterion: CriterionSpec, columns: Sequence[Column]
) -> Estimate:
    table, places = answers.table_of(columns)
    if rule.statistic == GateRule.Statistic.ALPHA:
        return statistics.alpha(table, places=places)
    if rule.statistic == GateRule.Statistic.AC2:
        return ac2(table, criterion.level_values, places=places)
    return statistics.percent(table, places=places)


def _interval(found: Estimate) -> tuple[float | None, float | None]:
    """That of the estimate. Where all levels agree, no resample differs and there is none: then
    Wilson's interval (1927) of the share of equal levels, where each profile counts once."""
    agrees = found.value is not None and found.value >= 1 - EQUAL
    if found.low is None and agrees and found.groups >= MIN_GROUPS:
        return wilson(found.groups, found.groups)
    return found.low, found.high


def _why_not(rule: GateRule, found: Estimate, low: float | None, skipped: int, hidden: int) -> str:
    """Empty where the rule is met."""
    least, items = rule.least or 0.0, rule.items or 1
    if hidden:
        texts = "1 text is" if hidden == 1 else f"{hidden:,} texts are"
        return f"{texts} left out because you still have to rate. Ask another lead to start the run"
    if found.n_pairable < items:
        return f"Too few items: {found.n_pairable:,} of {items:,}"
    if skipped > MOST_SKIPPED * (found.n_pairable + skipped):
        return f"The judge says “does not apply” on {skipped:,} texts that people gave a level"
    if low is None:
        return found.why_none if found.value is None else found.reason
    if low < least:
        return f"The interval starts at {number(low, 3)}, below {number(least, 3)}"
    return ""


def _on_battery(version: RubricVersion, judge: Judge) -> Check:
    """By the newest report of this judge with this text of the rubric."""
    runs = BatteryRun.objects.filter(judge=judge, spec=version.spec_id, report__isnull=False)
    run = runs.order_by("-number").first()
    if run is None:
        why = f"{judge} was not tried on the battery with {version}. Run it on the page Judging"
        return Check(about=About.BATTERY, met=False, why=why)
    if run.cases_hash != cases.battery_hash():
        why = "The battery has other cases now. Run it again on the page Judging"
        return Check(about=About.BATTERY, met=False, why=why)
    report = report_from_json(run.report)
    return Check(about=About.BATTERY, met=report.passed, why=short_verdict(report))
