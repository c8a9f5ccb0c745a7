"""Forms of sets."""

from django import forms

from annotation.corpus.forms import DialogueFilterForm
from annotation.models import Target
from annotation.sets.services import MAX_MEMBERS


class SetForm(DialogueFilterForm):
    name = forms.CharField(max_length=120)
    kind = forms.ChoiceField(
        label="Members",
        choices=[
            (Target.Kind.TURN, "Supporter turns, each with the turns before it"),
            (Target.Kind.DIALOGUE, "Whole dialogues"),
        ],
    )
    field_order = ["name", "kind"]


class FreezeForm(forms.Form):
    limit = forms.IntegerField(
        label="Size",
        required=False,
        min_value=1,
        max_value=MAX_MEMBERS,
        help_text="Left empty, all members.",
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        help_text="0 keeps the order of the dialogues. Any other number shuffles them, the same "
        "way each time.",
    )

    def clean_seed(self) -> int:
        return self.cleaned_data["seed"] or 0
