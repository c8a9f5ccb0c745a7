"""The form that adds a rule on agreement, and the one that asks whether a judge meets the gate."""

from typing import Any

from django import forms

from rubrics.judges.forms import JudgeField, offer_judges
from rubrics.judges.queries import first_that_score
from rubrics.models import RubricVersion
from rubrics.queries import turn_versions
from training.gate.limits import FIRM, ITEMS, LEAST
from training.gate.queries import rubric_choices
from training.models import GateRule
from webapp.accounts.models import Project

About = GateRule.About
# Between a rubric's id and a criterion's uid in a choice.
_SEPARATOR = ":"


class GateRuleForm(forms.Form):
    about = forms.ChoiceField(
        label="What must hold",
        choices=[(about.value, about.label) for about in (About.JUDGE, About.PEOPLE)],
    )
    criterion = forms.ChoiceField(label="Rubric and criterion")
    statistic = forms.ChoiceField(
        label="Measure of agreement",
        choices=GateRule.Statistic.choices,
        help_text="If nearly all texts have the same level, alpha can be low although people "
        "agree. Then take Gwet’s AC2, or both.",
    )
    least = forms.FloatField(
        label="Lowest value",
        **LEAST.range,
        initial=LEAST.default,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="The lower end of the 95 % interval must be this high or higher. For alpha, "
        f"Krippendorff (2004) takes {FIRM} for firm and {LEAST.default} for tentative conclusions. "
        "The other measures have no such convention.",
    )
    items = forms.IntegerField(
        label="Fewest items",
        **ITEMS.range,
        initial=ITEMS.default,
        help_text="An item is one text that was compared.",
    )

    def __init__(
        self, *args: Any, project: Project, version: RubricVersion | None = None, **kwargs: Any
    ) -> None:
        """It begins with every criterion of the `version`'s rubric."""
        super().__init__(*args, **kwargs)
        if version is not None:
            self.fields["criterion"].initial = f"{version.rubric_id}{_SEPARATOR}"
        self.fields["criterion"].choices = [
            (
                rubric.name,
                [
                    (f"{rubric.rubric_id}{_SEPARATOR}", f"{rubric.name}: every criterion"),
                    *(
                        (f"{rubric.rubric_id}{_SEPARATOR}{uid}", name)
                        for uid, name in rubric.criteria
                    ),
                ],
            )
            for rubric in rubric_choices(project)
        ]
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")

    def rule(self) -> dict[str, Any]:
        """As the service takes it, with the rubric's id as `rubric_id`."""
        values = dict(self.cleaned_data)
        rubric_id, _, criterion = values.pop("criterion").partition(_SEPARATOR)
        return {**values, "rubric_id": rubric_id, "criterion": criterion}


class GateCheckForm(forms.Form):
    """Which version and judge to check."""

    version = forms.ModelChoiceField(
        label="Rubric version", queryset=RubricVersion.objects.none(), empty_label=None
    )
    judge = JudgeField(label="Judge")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = turn_versions(project)
        offer_judges(self, "judge", project=project)
        judges = list(self.fields["judge"].queryset)
        if pair := first_that_score(self.fields["version"].queryset, judges):
            self.fields["version"].initial, self.fields["judge"].initial = pair
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")
