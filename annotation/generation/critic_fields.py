"""The fields of the form that belong to a critic. They depend on the rubric version: each of its
criteria has a PASS level."""

from collections.abc import Iterator
from typing import Any

from django import forms

from annotation.generation.critics import CriticChoice
from annotation.generation.limits import REVISIONS, SOLVED_FROM, SOLVED_TOTAL
from annotation.generation.refinement import (
    ANY_LEVEL,
    criteria_asked,
    default_thresholds,
    needed_in_words,
)
from rubrics.core.spec import CriterionSpec
from rubrics.judges.forms import JudgeField
from rubrics.judges.queries import first_usable, judges_of
from rubrics.models import Judge, RubricVersion
from rubrics.queries import spec_of

# Before the uid of a criterion in the name of its field.
LEVEL = "level_"


def critic_fields(version: RubricVersion) -> dict[str, forms.Field]:
    """The fields by name, in the order of the page."""
    spec = spec_of(version)
    names = [(criterion.uid, criterion.name) for criterion in spec.judge_criteria]
    return {
        "critic_judge": judge_field(
            version,
            "A language model also writes a critique for the supporter. A learned judge must be "
            "fitted on this version.",
        ),
        "revisions": forms.IntegerField(
            label="Maximum revisions per reply",
            **REVISIONS.range,
            initial=REVISIONS.default,
            help_text="If a reply still fails after the last one, its dialogue is dropped.",
        ),
        **level_fields(version),
        "profile_criterion": forms.ChoiceField(
            label="Criterion about the profile",
            required=False,
            choices=[("", "None"), *names],
            help_text="If a reply fails by this criterion to the end, its dialogue is dropped as "
            "contradicting the profile.",
        ),
        "solved_total": forms.FloatField(
            label="Lowest total for SOLVED",
            required=False,
            **SOLVED_TOTAL.range,
            initial=SOLVED_TOTAL.default,
            help_text="A reply that passes with this rubric total (0 to 1) or more ends its "
            "dialogue. Leave it empty and no dialogue ends early.",
        ),
        "solved_from": forms.IntegerField(
            label="Earliest exchange for SOLVED",
            **SOLVED_FROM.range,
            initial=SOLVED_FROM.default,
            help_text="No dialogue ends as SOLVED before this exchange.",
        ),
    }


def chosen_critic(version: RubricVersion, cleaned: dict[str, Any]) -> CriticChoice:
    """What was chosen in these fields; each is taken out of `cleaned`."""
    judge: Judge = cleaned.pop("critic_judge")
    return CriticChoice(
        version=version,
        judge=judge,
        thresholds=chosen_levels(cleaned),
        revisions=cleaned.pop("revisions"),
        solved_total=cleaned.pop("solved_total"),
        solved_from=cleaned.pop("solved_from"),
        profile_criterion=cleaned.pop("profile_criterion"),
    )


def judge_field(version: RubricVersion, help_text: str) -> JudgeField:
    """A judge for the version; one that can score it is preselected."""
    judges = judges_of(version.project)
    return JudgeField(
        label="Judge",
        queryset=judges,
        initial=first_usable(judges, version=version),
        help_text=help_text,
    )


def level_fields(version: RubricVersion) -> dict[str, forms.Field]:
    """A field for the PASS level of each criterion, by name, in the order of the rubric."""
    spec = spec_of(version)
    defaults = default_thresholds(spec)
    return {
        f"{LEVEL}{criterion.uid}": forms.ChoiceField(
            label=criterion.name,
            choices=list(_levels(criterion)),
            initial=defaults[criterion.uid],
        )
        for criterion in criteria_asked(spec)
    }


def chosen_levels(cleaned: dict[str, Any]) -> dict[str, int]:
    """The PASS levels that were chosen, by uid; their fields are taken out of `cleaned`."""
    names = [name for name in cleaned if name.startswith(LEVEL)]
    return {name.removeprefix(LEVEL): int(cleaned.pop(name)) for name in names}


def _levels(criterion: CriterionSpec) -> Iterator[tuple[int, str]]:
    """Each level with what passes where it is chosen, and its label."""
    labels = {level.value: level.label for level in criterion.levels}
    for value in criterion.level_values:
        needed = needed_in_words(criterion, value)
        has_label = labels.get(value) and needed != ANY_LEVEL
        yield value, f"{needed} ({labels[value]})" if has_label else needed
