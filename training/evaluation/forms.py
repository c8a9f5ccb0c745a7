"""The form that starts an evaluation."""

from typing import Any

from django import forms

from annotation.models import Collection
from rubrics.judges.forms import JudgesField, offer_judges
from rubrics.models import RubricVersion
from rubrics.queries import turn_versions
from training.evaluation.limits import MAX_TOKENS, PROMPTS, TEMPERATURE
from webapp.accounts.models import Project
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY


class EvaluationForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)
    collection = forms.ModelChoiceField(
        label="Set",
        queryset=Collection.objects.none(),
        empty_label=None,
        help_text="The prompts come from its test split, which no training and no fit uses.",
    )
    prompts = forms.IntegerField(
        label="Prompts",
        **PROMPTS.range,
        initial=100,
        help_text="The maximum number of prompts. The seed decides which ones are drawn. More "
        "prompts give narrower intervals.",
    )
    endpoints = forms.ModelMultipleChoiceField(
        label="Models that answer",
        queryset=Endpoint.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The others are compared with the first model you tick, in the order of this "
        "list. You can choose another one later.",
    )
    with_corpus = forms.BooleanField(
        label="Include the replies of the corpus",
        required=False,
        initial=True,
        help_text="They are rated beside the models’ answers.",
    )
    version = forms.ModelChoiceField(
        label="Rubric version", queryset=RubricVersion.objects.none(), empty_label=None
    )
    judges = JudgesField(
        label="Judges",
        help_text="At least one must not have been the reward of these models: a model learns to "
        "please the judge that rewards it.",
    )
    max_tokens = forms.IntegerField(
        label="Longest answer",
        **MAX_TOKENS.range,
        initial=MAX_TOKENS.default,
        help_text="In tokens, for all four spans together.",
    )
    temperature = forms.FloatField(
        **TEMPERATURE.range,
        initial=TEMPERATURE.default,
        help_text="With 0, each model gives its likeliest answer.",
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    seed = forms.IntegerField(
        **SEED.range,
        initial=SEED.default,
        help_text="The same seed draws the same prompts and resamples.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["collection"].queryset = (
            Collection.objects.filter(project=project)
            .exclude(query__has_key="split")
            .order_by("-number")
        )
        fields["endpoints"].queryset = Endpoint.objects.filter(
            project=project, archived_at=None
        ).order_by("name")
        fields["version"].queryset = turn_versions(project)
        offer_judges(self, "judges", project=project)
        for field in fields.values():
            if not isinstance(field.widget, forms.CheckboxSelectMultiple | forms.CheckboxInput):
                field.widget.attrs.setdefault("class", "input")

    def missing(self) -> list[str]:
        """What this project has nothing of yet."""
        fields: dict[str, Any] = self.fields
        names = ("collection", "version", "judges")
        return [name for name in names if not fields[name].queryset.exists()]
