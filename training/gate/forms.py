"""The form that adds a rule on agreement, and the one that asks whether a judge meets the gate."""

from typing import Any

from django import forms

from rubrics.judges.forms import JudgeField, offer_judges
from rubrics.models import RubricVersion
from rubrics.queries import turn_versions
from training.gate.limits import FIRM, ITEMS, LEAST
from training.gate.queries import rubric_choices
from training.models import GateRule
from webapp.accounts.models import Project

About = GateRule.About
# Between a rubric's id and a criterion's uid in a choice.
_OF = ":"


class GateRuleForm(forms.Form):
    about = forms.ChoiceField(
        label="Who must agree",
        choices=[(about.value, about.label) for about in (About.JUDGE, About.PEOPLE)],
    )
    criterion = forms.ChoiceField(label="Rubric and criterion")
    statistic = forms.ChoiceField(label="Measure", choices=GateRule.Statistic.choices)
    least = forms.FloatField(
        label="The interval begins at",
        **LEAST.range,
        initial=LEAST.default,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="The lower end of the 95 % interval. Krippendorff (2004) takes alpha from "
        f"{FIRM} for firm conclusions and from {LEAST.default} for tentative ones.",
    )
    items = forms.IntegerField(
        label="Items at least",
        **ITEMS.range,
        initial=ITEMS.default,
        help_text="That many texts must have been compared.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["criterion"].choices = [
            (
                rubric.name,
                [
                    (f"{rubric.rubric_id}{_OF}", f"{rubric.name}: every criterion"),
                    *((f"{rubric.rubric_id}{_OF}{uid}", name) for uid, name in rubric.criteria),
                ],
            )
            for rubric in rubric_choices(project)
        ]
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")

    def rule(self) -> dict[str, Any]:
        """As the service takes it, with the rubric's id as `rubric_id`."""
        values = dict(self.cleaned_data)
        rubric_id, _, criterion = values.pop("criterion").partition(_OF)
        return {**values, "rubric_id": rubric_id, "criterion": criterion}


class GateQuestionForm(forms.Form):
    """Which version and judge to check."""

    version = forms.ModelChoiceField(
        label="Rubric version", queryset=RubricVersion.objects.none(), empty_label=None
    )
    judge = JudgeField(label="Judge")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = turn_versions(project)
        offer_judges(self, "judge", project=project)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")
