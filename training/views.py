"""Pages of training runs."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from training import services
from training.access import TRAINERS, run_for
from training.checkpoints.serving import local_server_refusal
from training.checks import replies_in_a_step
from training.demo.replay import is_gone
from training.evaluation.ending import ending_retry
from training.evaluation.of_training import ending_of
from training.forms import MEANINGS, SFT_MEANINGS, TrainingForm
from training.gate.checks import from_json, sees_gates
from training.gate.queries import rules_of
from training.gate.services import GateNotMet
from training.limits import (
    MEASURED,
    PAPER,
    PRESETS,
    QUICK,
    REWARD_PARTS,
    SMALL_MODEL_REPLY_S,
)
from training.paths import SPEC, folder_of
from training.queries import rollouts, series
from training.queries import runs as queries
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.text import whole_number

SHOWN = 100


@require_safe
@project_page(*TRAINERS)
def training_runs(request: HttpRequest, member: Member) -> HttpResponse:
    context = {
        "member": member,
        "tab": "runs",
        "runs": queries.runs_of(member.project)[:SHOWN],
        "sees_gates": sees_gates(member),
    }
    return render(request, "training/runs.html", context)


@require_http_methods(["GET", "POST"])
@project_page(*TRAINERS)
def training_new(request: HttpRequest, member: Member) -> HttpResponse:
    # A link may choose these beforehand.
    names = ("plan", "base", "collection", "grpo_collection")
    asked_for = {name: request.GET[name] for name in names if name in request.GET}
    initial = {"key": new_id().hex, **asked_for}
    form = TrainingForm(request.POST or None, project=member.project, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            run = services.training_start_on_set(
                project=member.project,
                actor=member.user,
                key=chosen["key"],
                collection=chosen["collection"],
                prompts=chosen["prompts"],
                held_out_prompts=chosen["held_out_prompts"],
                base=chosen["base"],
                version=chosen["version"],
                judge=form.reward_judge(),
                reward=form.reward(),
                sft=form.sft(),
                grpo=form.grpo(),
                grpo_collection=chosen["grpo_collection"],
                lora=form.lora(),
                evaluation_judges=chosen["evaluation_judges"],
                seed=chosen["seed"],
                gate_reason=chosen["gate_reason"],
            )
        except GateNotMet as refusal:
            form.add_error("gate_reason", str(refusal))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("training_run", project_id=member.project.pk, run_id=run.pk)
    small = form.small_models()
    context = {
        "member": member,
        "form": form,
        "grpo_numbers": [form[name] for name in MEANINGS if name != MEASURED],
        "sft_numbers": [form[f"sft_{name}"] for name in SFT_MEANINGS],
        "presets": {"paper": PAPER, "cpu": PRESETS, "quick": _quick(small)},
        "quick": QUICK,
        "small_models": small,
        "quick_minutes": _minutes(QUICK["grpo"]),
        "parts": [form[f"part_{part}"] for part in REWARD_PARTS],
        "missing": form.missing(),
        "has_gate": rules_of(member.project).exists(),
        "no_server": local_server_refusal(),
        "seconds_a_reply": queries.seconds_a_reply(member.project),
        "small_model_seconds": SMALL_MODEL_REPLY_S,
    }
    return render(request, "training/new.html", context)


def _quick(small: Sequence[UUID]) -> dict[str, Any]:
    """The preset; with the small language model as base where the project has one."""
    base = {"base": str(small[0])} if small else {}
    return {**QUICK, "fields": {**QUICK["fields"], **base}}


def _minutes(grpo: Mapping[str, float]) -> int:
    """What these settings take with the small language model on two cores."""
    replies = grpo["steps"] * replies_in_a_step("grpo", grpo)
    return round(replies * SMALL_MODEL_REPLY_S / 60)


@require_safe
@project_page(*TRAINERS)
def training_run(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = run_for(member, run_id)
    step = whole_number(request.GET.get("step", ""))
    prompt = whole_number(request.GET.get("prompt", ""))
    ending = ending_of(run, member)
    context = {
        "member": member,
        "run": run,
        "state": queries.state_of(run),
        "gate": from_json(run.gate_checks),
        "sees_gates": sees_gates(member),
        "is_gone": is_gone(run),
        "ending": ending,
        # The page of an ended run follows its evaluation.
        "is_live": not run.is_ended or (ending.run is not None and not ending.run.is_ended),
        "rollouts": queries.rollouts_of(run, member, step=step, prompt=prompt),
        "hidden": rollouts.count_hidden(run, member),
        # The reader holds one step or prompt: the socket leaves it in its place.
        "held": step is not None or prompt is not None,
    }
    return render(request, "training/run.html", context)


@require_POST
@project_page(*TRAINERS)
def training_evaluate(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    """Start the evaluation that could not start when the run finished."""
    run = run_for(member, run_id)
    try:
        ending_retry(run=run, actor=member.user)
    except Refused as refusal:
        messages.error(request, f"The evaluation was not started. {refusal}")
    page = reverse("training_run", kwargs={"project_id": member.project.pk, "run_id": run.pk})
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(page)
    return redirect(page)


@require_safe
@project_page(*TRAINERS)
def training_series(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = run_for(member, run_id)
    table = series.table_of(run, after=whole_number(request.GET.get("after", "")) or 0)
    return render(request, "training/series.html", {"member": member, "run": run, "table": table})


@require_safe
@project_page(*TRAINERS)
def training_spec(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = run_for(member, run_id)
    path = folder_of(run) / SPEC
    if not path.exists():
        messages.warning(request, "The run settings are written when a worker starts the run.")
        return redirect("training_run", project_id=member.project.pk, run_id=run.pk)
    name = f"training-run-{run.number}-spec.json"
    return HttpResponse(
        path.read_bytes(),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_safe
@project_page(*TRAINERS)
def training_log(request: HttpRequest, member: Member, run_id: UUID) -> HttpResponse:
    run = run_for(member, run_id)
    if run.recorded is not None:
        raise Http404
    text = queries.log_of(run) or "The log is still empty."
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    return response
