"""The pages where people land: each role sees what needs it now."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from webapp.accounts.access import Member
from webapp.accounts.models import Membership
from webapp.accounts.pages import admin_page, project_page
from webapp.home import health, queries


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """To the only project, else to the list."""
    found = Membership.objects.filter(user=request.user, project__archived_at=None)
    projects = list(found.values_list("project_id", flat=True).distinct()[:2])
    if len(projects) == 1 and not request.user.is_admin:
        return redirect("project_home", project_id=projects[0])
    return redirect("projects")


@require_GET
@project_page()
def project_home(request: HttpRequest, member: Member) -> HttpResponse:
    runs = queries.runs_of(member)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "home/_runs.html", {"member": member, "runs": runs})
    first_steps = queries.first_steps(member)
    context = {
        "member": member,
        "greeting": greeting(timezone.localtime().hour),
        "first_name": str(member.user).split()[0],
        "todo": queries.waiting_for(member),
        "first_steps": first_steps,
        "next_steps": queries.next_steps(member) if member.is_lead and not first_steps else [],
        "runs": runs,
        "queues": queries.queues_under_way(member) if member.is_lead else [],
        "watches_runs": member.is_lead or member.is_clinician,
    }
    return render(request, "home/project.html", context)


@admin_page
@require_GET
def health_page(request: HttpRequest) -> HttpResponse:
    return render(request, "home/health.html", {"report": health.report()})


def greeting(hour: int) -> str:
    if hour < 5 or hour >= 18:
        return "Good evening"
    return "Good morning" if hour < 12 else "Good afternoon"
