"""The rules of a project's gate."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from rubrics.core.spec import from_json
from rubrics.models import RubricVersion
from rubrics.queries import turn_versions
from training.models import GateRule
from webapp.accounts.models import Project

# The name of a criterion that the rubric's newest version does not have.
GONE = "A criterion of other versions"


@dataclass(frozen=True)
class RubricChoice:
    """A rubric that a rule may be about, with the criteria of its newest published version."""

    rubric_id: str
    name: str
    # (uid, name)
    criteria: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class NamedRule:
    """A rule with the name of its criterion; empty where it is about all of them."""

    rule: GateRule
    criterion: str


def rules_of(project: Project) -> QuerySet[GateRule]:
    return GateRule.objects.filter(project=project).select_related("rubric", "created_by")


def rules_for(version: RubricVersion) -> list[GateRule]:
    """The rules that a version of a rubric must meet."""
    own = Q(rubric=version.rubric_id) | Q(about=GateRule.About.BATTERY)
    return list(GateRule.objects.filter(own, project=version.project_id))


def rubric_choices(project: Project) -> list[RubricChoice]:
    newest = {version.rubric_id: version for version in reversed(turn_versions(project))}
    return [
        RubricChoice(
            str(version.rubric_id),
            version.rubric.name,
            [(c.uid, c.name) for c in from_json(version.spec.content).judge_criteria],
        )
        for version in sorted(newest.values(), key=lambda version: version.rubric.name)
        if version.spec is not None
    ]


def named_rules(project: Project) -> list[NamedRule]:
    # A copy of a rubric keeps the uids of its criteria.
    names = {
        (choice.rubric_id, uid): name
        for choice in rubric_choices(project)
        for uid, name in choice.criteria
    }
    return [
        NamedRule(
            rule,
            names.get((str(rule.rubric_id), rule.criterion), GONE) if rule.criterion else "",
        )
        for rule in rules_of(project)
    ]
