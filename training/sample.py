"""The rollouts of a GRPO run as a sample of an impact preview: groups of replies to one prompt."""

from uuid import UUID

from django.db.models import Exists, OuterRef

from annotation.impact import sampling
from annotation.impact.sampling import Choice, Source
from annotation.models import Target
from annotation.ratings.context import Context
from annotation.ratings.targets import contexts_of, text_target
from rubrics.models import RubricVersion
from training.models import Rollout, TrainingRun
from webapp.accounts.models import Project
from webapp.ids import as_uuid

MOST_RUNS = 20


def register() -> None:
    sampling.register(Source("rollouts", _choices, _draw))


def _choices(project: Project, version: RubricVersion) -> list[Choice]:
    rollouts = Rollout.objects.filter(run=OuterRef("pk"))
    rows = TrainingRun.objects.filter(Exists(rollouts), project=project).order_by("-number")
    return [Choice(f"rollouts:{run.pk}", f"Rollouts of {run}") for run in rows[:MOST_RUNS]]


def _draw(project: Project, version: RubricVersion, pk: str, limit: int, seed: int) -> list[Target]:
    """Whole groups, as many as fit; a text target for each reply, in the place of the turn that
    its prompt came from."""
    rollouts = Rollout.objects.filter(run__project=project, run=UUID(pk))
    places = rollouts.order_by().values_list("step", "prompt_id").distinct()
    known = _prompts(project, {prompt for _, prompt in places})
    keys = {f"{step}/{prompt}": (step, prompt) for step, prompt in places if prompt in known}
    drawn: list[Target] = []
    for key in sampling.shuffled(list(keys), seed):
        step, prompt = keys[key]
        group = list(rollouts.filter(step=step, prompt_id=prompt).order_by("index"))
        if len(drawn) + len(group) > limit:
            break
        context = known[prompt]
        drawn += [
            text_target(
                project=project,
                profile=context["profile"],
                situation=context["situation"],
                history=context["history"],
                cut=context["cut"],
                raw=rollout.raw,
            )
            for rollout in group
        ]
    # Two replies of a group that are equal are one text.
    return list({target.pk: target for target in drawn}.values())


def _prompts(project: Project, ids: set[str]) -> dict[str, Context]:
    """The contexts of the turns that prompts came from, by the prompt's id."""
    rows = Target.objects.filter(project=project, pk__in=[pk for pk in ids if as_uuid(pk)])
    return {str(pk): context for pk, context in contexts_of(list(rows)).items()}
