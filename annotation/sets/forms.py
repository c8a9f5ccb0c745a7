"""Forms of sets."""

from dataclasses import replace

from django import forms

from annotation.corpus.forms import DialogueFilterForm
from annotation.corpus.set_query import SetQuery
from annotation.models import Collection, Target
from annotation.sets.limits import MEMBERS
from webapp.limits import SEED

# A choice of members beside the kinds of targets.
LAST_TURN = "last_turn"


class SetForm(DialogueFilterForm):
    name = forms.CharField(max_length=Collection.MAX_NAME)
    kind = forms.ChoiceField(
        label="Members",
        choices=[
            (Target.Kind.TURN, "Supporter turns, each with the turns before it"),
            (LAST_TURN, "The last supporter turn of each dialogue, with the turns before it"),
            (Target.Kind.DIALOGUE, "Whole dialogues"),
        ],
    )
    field_order = ["name", "kind"]

    def query(self, **more: str) -> SetQuery:
        """The chosen filters and members; call it on a valid form."""
        if self.cleaned_data["kind"] != LAST_TURN:
            return super().query(**more)
        return replace(super().query(kind=Target.Kind.TURN, **more), last_only=True)


class FreezeForm(forms.Form):
    limit = forms.IntegerField(
        label="Size",
        required=False,
        **MEMBERS.range,
        help_text="Leave empty for all members.",
    )
    seed = forms.IntegerField(
        required=False,
        **SEED.range,
        initial=SEED.default,
        help_text="0 keeps the order of the dialogues. Any other number shuffles them, the same "
        "way each time.",
    )

    def clean_seed(self) -> int:
        return self.cleaned_data["seed"] or SEED.default
