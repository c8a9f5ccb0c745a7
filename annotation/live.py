"""What the studio's runs of this app show while they work."""

from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse

from annotation.impact import live as impact_live
from annotation.models import FitRun, GenerationRun, ImportRun, JudgeRun
from annotation.queries import data, generation, judging
from webapp.accounts.access import Member
from webapp.accounts.models import Role
from webapp.runs import registry
from webapp.runs.models import Run

GENERATION_PARTS = ("head", "progress", "writing", "failures", "finished")
JUDGING_PARTS = ("head", "progress", "columns", "latest", "failures")


def register() -> None:
    leads, readers = (Role.LEAD,), (Role.CLINICIAN, Role.LEAD)
    registry.register(registry.Kind(ImportRun, render_import, readers, _records, _page))
    registry.register(
        registry.Kind(GenerationRun, render_generation, leads, generation.counts, _page)
    )
    registry.register(registry.Kind(JudgeRun, render_judging, readers, judging.counts, _page))
    registry.register(registry.Kind(FitRun, render_fit, readers, None, _page))
    impact_live.register()


def render_import(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, ImportRun)  # noqa: S101  (registered for this model)
    state = data.import_state(run)
    return _parts("data", ("import_state",), run=run, member=member, state=state)


def render_generation(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, GenerationRun)  # noqa: S101  (registered for this model)
    state = generation.state_of(run)
    return _parts("generation", GENERATION_PARTS, run=run, member=member, state=state)


def render_judging(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, JudgeRun)  # noqa: S101  (registered for this model)
    state = judging.state_of(run, member)
    return _parts("judging", JUDGING_PARTS, run=run, member=member, state=state)


def render_fit(run: Run, member: Member) -> Sequence[str]:
    assert isinstance(run, FitRun)  # noqa: S101  (registered for this model)
    return _parts("judging", ("fit",), run=run, member=member, state=judging.fit_state_of(run))


def _parts(folder: str, names: Sequence[str], **context: Any) -> Sequence[str]:
    return [render_to_string(f"{folder}/_{name}.html", {**context, "live": True}) for name in names]


def _records(run: Run) -> tuple[int, int | None]:
    assert isinstance(run, ImportRun)  # noqa: S101  (registered for this model)
    return run.lines.count(), run.records_total


PAGES = {
    ImportRun.kind: "import_run",
    GenerationRun.kind: "generation_run",
    JudgeRun.kind: "judge_run",
    FitRun.kind: "fit_run",
}


def _page(run: Run) -> str:
    return reverse(PAGES[run.kind], kwargs={"project_id": run.project_id, "run_id": run.pk})
