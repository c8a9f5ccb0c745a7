"""The form that starts a blind comparison."""

from typing import Any

from django import forms

from annotation.comparisons.limits import LEASE_MINUTES, OVERLAP, QUESTION
from annotation.models import Comparison
from annotation.queues.queries import annotators_of
from training.comparisons.limits import PAIRS
from training.comparisons.queries import systems_to_compare
from training.models import EvaluatedSystem, EvaluationRun
from webapp.accounts.models import User
from webapp.limits import SEED
from webapp.runs.limits import MAX_KEY


class ComparisonForm(forms.Form):
    name = forms.CharField(
        max_length=Comparison.MAX_NAME,
        help_text="The people who judge read it, so leave out the names of the systems.",
    )
    first = forms.ModelChoiceField(
        label="System", queryset=EvaluatedSystem.objects.none(), empty_label=None
    )
    second = forms.ModelChoiceField(
        label="Compared with", queryset=EvaluatedSystem.objects.none(), empty_label=None
    )
    pairs = forms.IntegerField(
        label="Maximum number of pairs",
        **PAIRS.range,
        initial=PAIRS.default,
        help_text="Drawn from the prompts that both systems answered.",
    )
    question = forms.CharField(
        max_length=Comparison.MAX_QUESTION,
        initial=QUESTION,
        help_text="People read it above each pair.",
    )
    raters = forms.ModelMultipleChoiceField(
        label="Who judges",
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose people who have not read these answers. Leads can read them with the "
        "names of the systems until you start the comparison.",
    )
    overlap = forms.IntegerField(
        label="People per pair",
        **OVERLAP.range,
        initial=OVERLAP.default,
        help_text="You need at least two to see agreement.",
    )
    lease_minutes = forms.IntegerField(
        label="Release a pair after (minutes)",
        **LEASE_MINUTES.range,
        initial=LEASE_MINUTES.default,
        help_text="If nobody has judged it by then, somebody else can.",
    )
    seed = forms.IntegerField(
        **SEED.range, initial=SEED.default, help_text="The same seed draws the same pairs."
    )

    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)

    def __init__(self, *args: Any, run: EvaluationRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        systems = systems_to_compare(run)
        fields["first"].queryset = fields["second"].queryset = systems
        found = list(systems[:2])
        if len(found) == 2:
            fields["first"].initial, fields["second"].initial = (each.pk for each in found)
        self.has_two_systems = len(found) == 2
        fields["raters"].queryset = annotators_of(run.project)
        for name, field in fields.items():
            if name != "raters":
                field.widget.attrs.setdefault("class", "input")
