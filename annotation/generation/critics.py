"""The critic that a generation may name: who judges the replies, and what passes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from annotation.generation.limits import REVISIONS, SOLVED_FROM, SOLVED_TOTAL
from annotation.generation.refinement import criteria_asked, default_thresholds
from annotation.models import GenerationCritic, GenerationRun
from rubrics.core.spec import RubricSpec, from_json
from rubrics.judges import queries as judges
from rubrics.models import Judge, RubricVersion
from webapp.accounts.models import Project
from webapp.errors import Refused


@dataclass(frozen=True)
class CriticChoice:
    """What a person chose. `thresholds` are PASS levels by uid; a criterion that it leaves out has
    the default one. `solved_total` is None where no dialogue ends early."""

    version: RubricVersion
    judge: Judge
    thresholds: Mapping[str, int] = field(default_factory=dict)
    revisions: int = REVISIONS.default
    solved_total: float | None = SOLVED_TOTAL.default
    solved_from: int = SOLVED_FROM.default
    profile_criterion: str = ""


def require_usable(critic: CriticChoice, project: Project) -> None:
    """Raises Refused for a critic that could not judge every reply."""
    version, judge = critic.version, critic.judge
    if version.project_id != project.pk or judge.project_id != project.pk:
        raise Refused("Choose a rubric version and a judge of this project.", code="critic")
    if version.status != RubricVersion.Status.PUBLISHED or version.spec is None:
        raise Refused(
            "Publish the version first. A critic uses published versions only.",
            code="not_published",
        )
    spec = from_json(version.spec.content)
    if spec.target != "turn" or not spec.judge_criteria:
        raise Refused(
            f"{version} does not rate single replies. Choose a version that rates turns.",
            code="target",
        )
    judges.require_usable(judge)
    if criterion := judges.unfitted_criterion(version, judge):
        raise Refused(
            f"{judge} was not fitted on the wording of “{criterion.name}” in {version}. "
            "Fit a judge on this version, or choose another judge.",
            code="not_fitted",
        )
    _require_numbers(critic, spec)


def _require_numbers(critic: CriticChoice, spec: RubricSpec) -> None:
    REVISIONS.require(critic.revisions)
    SOLVED_FROM.require(critic.solved_from)
    if critic.solved_total is not None:
        SOLVED_TOTAL.require(critic.solved_total)
    levels = {criterion.uid: criterion.level_values for criterion in criteria_asked(spec)}
    for uid, level in critic.thresholds.items():
        if level not in levels.get(uid, ()):
            raise Refused(
                f"{level} is not a level of the criterion “{uid}”. Choose levels of "
                f"{critic.version}.",
                code="thresholds",
            )
    judged = {criterion.uid for criterion in spec.judge_criteria}
    if critic.profile_criterion and critic.profile_criterion not in judged:
        raise Refused(
            f"{critic.version} has no criterion “{critic.profile_criterion}”.",
            code="profile_criterion",
        )


def critic_add(run: GenerationRun, critic: CriticChoice) -> GenerationCritic:
    """The critic of a run that is being started, as a row."""
    spec = critic.version.spec
    if spec is None:
        raise Refused("The version is not published.", code="not_published")
    defaults = default_thresholds(from_json(spec.content))
    return GenerationCritic.objects.create(
        project_id=run.project_id,
        run=run,
        version=critic.version,
        spec=spec,
        judge=critic.judge,
        thresholds={**defaults, **critic.thresholds},
        revisions=critic.revisions,
        solved_total=critic.solved_total,
        solved_from=critic.solved_from,
        profile_criterion=critic.profile_criterion,
    )
