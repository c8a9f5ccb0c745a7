"""The pages of agreement, for clinicians and leads, and a part of a judge run's page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from annotation.agreement import tables
from annotation.agreement.charts import Figure, IntervalChart, interval_chart
from annotation.agreement.means import means_of, rated_by_people
from annotation.agreement.over_versions import OverVersions
from annotation.agreement.queries import (
    Compared,
    CriterionAgreement,
    Matrix,
    VersionAgreement,
    versions_with_ratings,
)
from annotation.agreement.tables import Estimate
from annotation.agreement.trust import trust_of
from annotation.judge_runs.access import judge_run_for
from annotation.judge_runs.limits import MIN_ALPHA
from annotation.roles import JUDGING_READERS
from rubrics.access import version_for
from rubrics.judges.access import judge_for
from rubrics.models import RubricVersion
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.accounts.pages import project_page
from webapp.ids import as_uuid


@require_safe
@project_page(Role.CLINICIAN, Role.LEAD)
def agreement(request: HttpRequest, member: Member) -> HttpResponse:
    versions = versions_with_ratings(member)
    version = _chosen(versions, request.GET.get("version", ""))
    if version is None:
        return render(request, "agreement/agreement.html", {"member": member, "versions": versions})
    found = VersionAgreement(member, version)
    references = found.references()
    wanted = request.GET.get("reference")
    reference = next(
        (r for r in references if r.key == wanted), references[0] if references else None
    )
    among = found.among_people()
    compared = found.compared_with(reference.key) if reference else []
    counts = found.reference_counts()
    context = {
        "member": member,
        "versions": versions,
        "version": version,
        "found": found,
        "references": references,
        "reference": reference,
        "among": among,
        "severity": found.severity(),
        "counts": counts,
        "undecided": sum(count.undecided for count in counts),
        "min_items": tables.MIN_ITEMS,
        "compared": compared,
        "finding": _finding(among),
        "chart": _chart(among, compared),
        "matrix": _matrix(request, found),
        "apart": found.most_apart(),
    }
    return render(request, "agreement/agreement.html", context)


@require_safe
@project_page(*JUDGING_READERS)
def judge_trust(request: HttpRequest, member: Member, judge_id: UUID) -> HttpResponse:
    """A part of an evaluation's page: what its judge is worth by the version that is asked for;
    without one, by the last rated."""
    judge = judge_for(member, judge_id)
    version = _version_of_judge(member, request.GET.get("version", ""))
    context: dict[str, Any] = {"member": member, "judge": judge, "min_alpha": MIN_ALPHA}
    if version is not None:
        trust = trust_of(member, version, judge)
        context |= {"trust": trust, "by_answer": trust.by_answer}
    return render(request, "agreement/_trust.html", context)


def _version_of_judge(member: Member, wanted: str) -> RubricVersion | None:
    if not wanted:
        return next(iter(versions_with_ratings(member)), None)
    pk = as_uuid(wanted)
    version = version_for(member, pk) if pk is not None else None
    if version is None or version.spec is None:
        raise Http404
    return version


@require_safe
@project_page(*JUDGING_READERS)
def judge_run_means(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    """A part of a judge run's page, which fetches it when it is open."""
    run = judge_run_for(member, run_id)
    means = means_of(run, member)
    context = {
        "member": member,
        "run": run,
        "means": means,
        "rated": rated_by_people(means),
        "left_out": max((row.left_out for row in means), default=0),
        "min_items": tables.MIN_ITEMS,
    }
    return render(request, "agreement/_means.html", context)


@require_safe
@project_page(Role.CLINICIAN, Role.LEAD)
def agreement_versions(request: HttpRequest, member: Member) -> HttpResponse:
    version = _chosen(versions_with_ratings(member), request.GET.get("version", ""))
    if version is None:
        return redirect("agreement", project_id=member.project.pk)
    found = OverVersions(member, version, request.GET.get("criterion", ""))
    rows = found.rows
    figures = [
        (
            f"Version {row.version.number}",
            [_figure(one.rater.name, one.rater.look, one.alpha) for one in row.figures],
        )
        for row in rows
    ]
    context = {
        "member": member,
        "version": version,
        "found": found,
        "rows": rows,
        "chart": interval_chart(figures),
    }
    return render(request, "agreement/over_versions.html", context)


def _chosen(versions: Sequence[RubricVersion], wanted: str) -> RubricVersion | None:
    """The version that is asked for; without one, the last rated. One that nobody has rated by
    is none of the list: then the page says so."""
    if not wanted:
        return versions[0] if versions else None
    pk = as_uuid(wanted)
    if pk is None:
        raise Http404
    return next((version for version in versions if version.pk == pk), None)


def _finding(among: Sequence[CriterionAgreement]) -> tuple[CriterionAgreement, ...]:
    """The criteria that people agree on most and least: the sentence that the page begins with."""
    known = [row for row in among if row.alpha.value is not None]
    known.sort(key=lambda row: row.alpha.value or 0.0)
    return (known[-1], known[0]) if len(known) > 1 else tuple(known)


def _chart(
    among: Sequence[CriterionAgreement], compared: Sequence[Compared]
) -> IntervalChart | None:
    rows = []
    for place, row in enumerate(among):
        figures = [_figure("Among people", "human", row.alpha)]
        figures += [
            _figure(other.rater.name, other.rater.look, other.criteria[place].alpha)
            for other in compared
            if other.has_common_items
        ]
        rows.append((row.criterion.name, figures))
    return interval_chart(rows)


def _figure(name: str, look: str, estimate: Estimate) -> Figure:
    return Figure(name, look, estimate.value, estimate.low, estimate.high, estimate.why_none)


def _matrix(request: HttpRequest, found: VersionAgreement) -> Matrix | None:
    """The levels of two raters for one criterion; the first two that can be compared, where the
    request does not say whose."""
    keys = [rater.key for rater in (*found.references()[:1], *found.raters.values())]
    keys = list(dict.fromkeys(keys))
    if not found.criteria or len(keys) < 2:
        return None
    people = [rater.key for rater in found.people]
    if len(people) >= 2 and not found.others:
        default = (people[0], people[1])
    else:
        others = [rater.key for rater in found.others if rater.key != keys[0]]
        default = (keys[0], others[0] if others else keys[1])
    rows, columns = request.GET.get("rows"), request.GET.get("columns")
    criterion = next(
        (c for c in found.criteria if c.uid == request.GET.get("criterion")), found.criteria[0]
    )
    return found.matrix(
        criterion,
        rows if rows in keys else default[0],
        columns if columns in keys else default[1],
    )
