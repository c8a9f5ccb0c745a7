"""What trials show while a judge reads."""

from collections.abc import Sequence

from django.template.loader import render_to_string

from annotation.impact import results
from annotation.impact.access import impact_run_for, playground_run_for
from annotation.impact.preview import ImpactState
from annotation.models import ImpactRun, PlaygroundRun
from rubrics.access import WRITERS
from rubrics.judges.queries import require_unchanged
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run
from webapp.runs.pages import render_parts

IMPACT_PARTS = ("head", "progress", "finding", "criteria", "ranking", "agreement", "changes")


def register() -> None:
    registry.register(
        registry.Kind(
            model=PlaygroundRun,
            render=render_playground,
            url=registry.page("rubric_edit", version_id="version_id"),
            readers=WRITERS,
            starters=WRITERS,
            # The playground limits how many tries are open, so each is a new run.
            goes_on=False,
            is_listed=False,
        )
    )
    registry.register(
        registry.Kind(
            model=ImpactRun,
            render=render_impact,
            url=registry.page("impact_run"),
            readers=WRITERS,
            starters=WRITERS,
            progress=results.counts,
            left_out=results.failed_among,
            require=lambda run: require_unchanged(run.judge),
        )
    )


def render_playground(run: Run, member: Member) -> str:
    state = results.playground_state(playground_run_for(member, run.pk), member)
    context = {"member": member, "run": state.run, "state": state, "live": True}
    return render_to_string("impact/_tried.html", context)


def render_impact(run: Run, member: Member) -> Sequence[str]:
    found = impact_run_for(member, run.pk)
    state = ImpactState(found, member)
    return render_parts("impact", IMPACT_PARTS, run=found, member=member, state=state)
