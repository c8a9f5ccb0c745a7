"""What the studio's runs of this app show while they work."""

from django.template.loader import render_to_string

from annotation.models import FitRun, GenerationRun, ImportRun, JudgeRun
from annotation.queries import data, generation, judging
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.runs import registry
from webapp.runs.models import Run


def register() -> None:
    registry.register(registry.Kind(ImportRun, render_import, (Role.CLINICIAN, Role.LEAD)))
    registry.register(registry.Kind(GenerationRun, render_generation, (Role.LEAD,)))
    registry.register(registry.Kind(JudgeRun, render_judging, (Role.CLINICIAN, Role.LEAD)))
    registry.register(registry.Kind(FitRun, render_fit, (Role.CLINICIAN, Role.LEAD)))


def render_import(run: Run, member: Member) -> str:
    assert isinstance(run, ImportRun)  # noqa: S101  (registered for this model)
    context = {"run": run, "member": member, "state": data.import_state(run), "live": True}
    return render_to_string("data/_import_state.html", context)


def render_generation(run: Run, member: Member) -> str:
    assert isinstance(run, GenerationRun)  # noqa: S101  (registered for this model)
    context = {"run": run, "member": member, "state": generation.state_of(run), "live": True}
    return render_to_string("generation/_state.html", context)


def render_judging(run: Run, member: Member) -> str:
    assert isinstance(run, JudgeRun)  # noqa: S101  (registered for this model)
    context = {"run": run, "member": member, "state": judging.state_of(run), "live": True}
    return render_to_string("judging/_state.html", context)


def render_fit(run: Run, member: Member) -> str:
    return render_to_string("judging/_fit_state.html", {"run": run, "member": member, "live": True})
