"""What the studio's training runs show while they work."""

from django.template.loader import render_to_string

from training.access import TRAINERS
from training.models import TrainingRun
from training.queries import runs as queries
from training.queries import series
from webapp.accounts.access import Member
from webapp.runs import registry
from webapp.runs.models import Run


def register() -> None:
    registry.register(
        registry.Kind(
            model=TrainingRun,
            render=render,
            url=registry.page("training_run"),
            readers=TRAINERS,
            starters=TRAINERS,
            progress=progress,
        )
    )


def render(run: Run, member: Member) -> str:
    row = queries.runs_of(member.project).get(pk=run.pk)
    context = {
        "run": row,
        "member": member,
        "state": queries.state_of(row),
        "rollouts": queries.rollouts_of(row),
        "live": True,
    }
    return render_to_string("training/_live.html", context)


def progress(run: Run) -> tuple[int, int | None]:
    assert isinstance(run, TrainingRun)  # noqa: S101  (registered for this model)
    return series.last_step(run), run.steps_total
