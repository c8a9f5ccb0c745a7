"""Forms of imports, dialogues and sets."""

from collections.abc import Iterable
from typing import Any

from django import forms

from annotation.formats.emotions import EMOTIONS
from annotation.formats.registry import READERS
from annotation.forms.choices import offer, offer_rows
from annotation.models import GenerationRun, ImportRun, Profile, Target
from annotation.models.corpus import Split
from annotation.queries.data import SOURCE_LABELS, sources_of
from annotation.services.imports import AUTO
from annotation.services.sets import MAX_MEMBERS, SetQuery
from webapp.accounts.models import Project


class ImportForm(forms.Form):
    file = forms.FileField(
        help_text="A text file in UTF-8, at most 1 GB.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    format = forms.ChoiceField(
        choices=[
            (AUTO, "Tell from the beginning of the file"),
            *((name, reader.label) for name, reader in READERS.items()),
        ],
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)


class DialogueFilterForm(forms.Form):
    """What the list of dialogues can be narrowed by; ids are looked up in the project only."""

    emotion = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False)
    split = forms.ChoiceField(required=False)
    import_run = forms.ModelChoiceField(
        ImportRun.objects.none(), label="Import", required=False, empty_label="Any"
    )
    generation_run = forms.ModelChoiceField(
        GenerationRun.objects.none(), label="Generation", required=False, empty_label="Any"
    )
    profile = forms.ModelChoiceField(
        Profile.objects.none(), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sources = ((name, SOURCE_LABELS.get(name, name)) for name in sources_of(project))
        self._choose("emotion", ((name, name) for name in sorted(EMOTIONS)))
        self._choose("source", sources)
        self._choose("split", Split.choices)
        for name, model in (
            ("import_run", ImportRun),
            ("generation_run", GenerationRun),
            ("profile", Profile),
        ):
            rows = model.objects.filter(project=project).order_by("-number")
            offer_rows(self, name, rows)

    def _choose(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        offer(self, name, [("", "Any"), *choices])

    def query(self, **more: str) -> SetQuery:
        """The chosen filters; call it on a valid form."""
        chosen = {
            name: str(getattr(value, "pk", value))
            for name, value in self.cleaned_data.items()
            if value and name in SetQuery.__dataclass_fields__
        }
        return SetQuery(**(chosen | more))


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
