"""The page of the gate: its rules, a form for the next one, and whether a judge meets them now."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rubrics.access import rubric_for
from rubrics.judges.access import judge_for
from training.gate import services
from training.gate.access import EDITORS, READERS, published_for, rule_for
from training.gate.checks import check_gate
from training.gate.forms import GateCheckForm, GateRuleForm
from training.gate.queries import named_rules
from training.models import GateRule
from webapp.accounts.access import Member, require
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import as_uuid

ADDED = "The rule was added. It holds for runs that start from now on."


@require_http_methods(["GET", "POST"])
@project_page(*READERS)
def gate(request: HttpRequest, member: Member) -> HttpResponse:
    check_form = GateCheckForm(project=member.project)
    form = GateRuleForm(
        request.POST or None, project=member.project, version=check_form.fields["version"].initial
    )
    if request.method == "POST":
        require(member, EDITORS)
        if form.is_valid() and _add(request, member, form):
            return redirect("gate", project_id=member.project.pk)
    rules = named_rules(member.project)
    context = {
        "member": member,
        "tab": "gate",
        "form": form,
        "check_form": check_form,
        "rules": rules,
        "has_rubric": bool(form.fields["criterion"].choices),
        "has_battery": any(row.rule.about == GateRule.About.BATTERY for row in rules),
        "may_change": member.has(*EDITORS),
    }
    return render(request, "training/gate/gate.html", context)


def _add(request: HttpRequest, member: Member, form: GateRuleForm) -> bool:
    asked = form.rule()
    rubric = rubric_for(member, UUID(asked.pop("rubric_id")))
    try:
        services.rule_add(project=member.project, actor=member.user, rubric=rubric, **asked)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, ADDED)
    return True


@require_POST
@project_page(*EDITORS)
def gate_battery(request: HttpRequest, member: Member) -> HttpResponse:
    """Require that the judge passed the battery."""
    try:
        services.rule_add(project=member.project, actor=member.user, about=GateRule.About.BATTERY)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, ADDED)
    return redirect("gate", project_id=member.project.pk)


@require_POST
@project_page(*EDITORS)
def gate_remove(request: HttpRequest, member: Member, rule_id: UUID) -> HttpResponse:
    services.rule_remove(rule=rule_for(member, rule_id), actor=member.user)
    messages.success(request, "The rule was removed. Runs keep what they were checked against.")
    return redirect("gate", project_id=member.project.pk)


@require_safe
@project_page(*READERS)
def gate_checks(request: HttpRequest, member: Member) -> HttpResponse:
    """A part of the page and of the form that starts a run: whether the chosen version and judge
    meet the rules now."""
    version_id, judge_id = (as_uuid(request.GET.get(name, "")) for name in ("version", "judge"))
    if version_id is None or judge_id is None:
        return render(request, "training/gate/_checks.html", {"member": member})
    version, judge = published_for(member, version_id), judge_for(member, judge_id)
    context = {
        "member": member,
        "gate": check_gate(member, version, judge),
        "version": version,
        "judge": judge,
    }
    return render(request, "training/gate/_checks.html", context)
