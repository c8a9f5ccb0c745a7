"""One run of the battery as its page and the API show it."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from django.db.models import Count

from annotation.batteries import cases
from annotation.batteries.verdicts import verdict
from annotation.judge_runs.queries import paused_of
from annotation.models import BatteryItem, BatteryRun
from annotation.ratings.blindness import own_targets, words_of
from rubrics.core.spec import from_json
from rubrics.judging.battery.case import OWN, PLAIN, Case
from rubrics.judging.battery.report import Group, Report, Worst
from rubrics.judging.battery.report import from_json as report_from_json
from rubrics.judging.battery.run import held_criteria, is_outside, of_the_response
from rubrics.judging.inputs import texts_of
from webapp.accounts.access import Member
from webapp.llm.models import Endpoint
from webapp.llm.usage import Usage, usage_of_run
from webapp.runs.progress import Progress, progress_of

# Reasons why cases have no score, on the page.
REASONS = 5


@dataclass(frozen=True)
class GivenLevel:
    """What a case got for a criterion, or as its total, and the most or the least that it may
    get. `given` is None where it got nothing, `bound` None where the case has no bound for it."""

    name: str
    given: float | None
    bound: float | None
    is_wrong: bool


@dataclass(frozen=True)
class WorstCase:
    """A case outside of its bounds. `asked` is the seeker's message before the reply, and `levels`
    what the case got; both are empty where the battery has changed since the run."""

    worst: Worst
    reply: str
    asked: str
    why: str
    levels: Sequence[GivenLevel]


@dataclass(frozen=True)
class ListedGroup:
    group: Group
    worst: Sequence[WorstCase]
    # Worst cases that this person does not see yet.
    hidden: int
    # Cases that fall under a veto, whatever the judge; None where the battery has changed since.
    vetoed: int | None = None

    @property
    def is_plain(self) -> bool:
        return self.group.kind == PLAIN

    @property
    def is_own(self) -> bool:
        return self.group.kind == OWN


@dataclass(frozen=True)
class BatteryState:
    """`report` and `verdict` are None and empty until every case was tried. `is_current` says
    whether the battery still has the same cases."""

    progress: Progress
    failed: int
    failures: Sequence[tuple[str, int]]
    report: Report | None
    verdict: str
    groups: Sequence[ListedGroup]
    is_current: bool
    usage: Usage
    # Endpoints that a worker leaves alone for now.
    paused: list[Endpoint]

    @property
    def hidden(self) -> int:
        return sum(listed.hidden for listed in self.groups)

    @property
    def has_worst(self) -> bool:
        return any(listed.worst for listed in self.groups)


def report_of(run: BatteryRun, member: Member) -> Report | None:
    """The report as this person may see it: without the worst cases that say what a text says
    which they still have to rate."""
    return _without(_kept_report(run), hidden_cases(run, member))


def _kept_report(run: BatteryRun) -> Report | None:
    return None if run.report is None else report_from_json(run.report)


def hidden_cases(run: BatteryRun, member: Member) -> set[str]:
    own = words_of(own_targets(member.user, member.project))
    return set(run.items.filter(normal_hash__in=own).values_list("case", flat=True))


def _without(report: Report | None, hidden: Set[str]) -> Report | None:
    if report is None:
        return None
    groups = (
        replace(group, worst=tuple(worst for worst in group.worst if worst.case not in hidden))
        for group in report.groups
    )
    return replace(report, groups=tuple(groups))


def state_of(run: BatteryRun, member: Member) -> BatteryState:
    """A run as its page shows it."""
    planned, done, failed = _counted(run)
    kept, hidden = _kept_report(run), hidden_cases(run, member)
    is_current = run.cases_hash == cases.battery_hash()
    return BatteryState(
        progress=progress_of(
            run,
            done=done,
            total=planned,
            done_since=lambda began: run.items.filter(ended_at__gte=began).count(),
        ),
        failed=failed,
        failures=_failures(run, hidden),
        report=kept,
        verdict=verdict(str(run.judge), kept) if kept else "",
        groups=_groups(run, kept, hidden, is_current=is_current) if kept else [],
        is_current=is_current,
        usage=usage_of_run(run.pk),
        paused=[] if run.is_ended else paused_of(run.judge),
    )


def _counted(run: BatteryRun) -> tuple[int, int, int]:
    """(cases in all, ended, failed)"""
    by_state = dict(run.items.order_by().values_list("state").annotate(n=Count("pk")))
    planned = sum(by_state.values())
    waiting = by_state.get(BatteryItem.State.WAITING, 0)
    return planned, planned - waiting, by_state.get(BatteryItem.State.FAILED, 0)


def _failures(run: BatteryRun, hidden: Set[str]) -> Sequence[tuple[str, int]]:
    """Why cases have no score, the most frequent reason first."""
    failed = run.items.filter(state=BatteryItem.State.FAILED).exclude(case__in=hidden)
    reasons = failed.order_by().values_list("error").annotate(n=Count("pk"))
    return list(reasons.order_by("-n", "error")[:REASONS])


def _groups(
    run: BatteryRun, report: Report, hidden: Set[str], *, is_current: bool
) -> list[ListedGroup]:
    """The groups of a report, each with its worst cases: what they got, and what they may get."""
    shown = {w.case for group in report.groups for w in group.worst} - hidden
    scores = dict(run.items.filter(case__in=shown).values_list("case", "scores"))
    known = cases.by_id() if is_current else {}
    held = _held(run, known) if known else {}
    return [
        ListedGroup(
            group=group,
            worst=[
                _worst(each, known.get(each.case), scores.get(each.case, {}), held)
                for each in group.worst
                if each.case in shown
            ],
            hidden=sum(each.case in hidden for each in group.worst),
            vetoed=cases.vetoed()[group.kind, group.origin] if is_current else None,
        )
        for group in report.groups
    ]


def _held(run: BatteryRun, known: Mapping[str, Case]) -> dict[str, str]:
    spec = of_the_response(from_json(run.spec.content))
    return held_criteria(spec, tuple(known.values()))


def _worst(
    worst: Worst, case: Case | None, scores: dict[str, dict[str, object]], held: dict[str, str]
) -> WorstCase:
    if case is None or case.bounds is None:
        return WorstCase(worst, worst.reply, asked="", why="", levels=())
    bounds = case.bounds
    levels = [
        _given(case, name, scores.get(uid, {}).get("value"), bounds.levels.get(name))
        for uid, name in held.items()
    ]
    return WorstCase(
        worst=worst,
        reply=case.reply,
        asked="".join(texts_of(case.context, "seeker")[-1:]),
        why=case.why,
        levels=[_given(case, "Total", worst.total, bounds.total), *levels],
    )


def _given(case: Case, name: str, given: object, bound: float | None) -> GivenLevel:
    value = given if isinstance(given, float | int) else None
    if value is None or bound is None:
        return GivenLevel(name, value, bound, is_wrong=False)
    return GivenLevel(name, value, bound, is_outside(case, value, bound))
