"""Forms of imports and of the list of dialogues."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings

from annotation.choices import offer, offer_rows
from annotation.corpus.queries import SOURCE_LABELS, sources_of
from annotation.corpus.services import AUTO
from annotation.corpus.set_query import SetQuery
from annotation.formats.emotions import EMOTIONS
from annotation.formats.registry import READERS
from annotation.models import GenerationRun, ImportRun, Profile
from annotation.models.corpus import Split
from webapp.accounts.models import Project
from webapp.runs.limits import MAX_KEY


class ImportForm(forms.Form):
    file = forms.FileField(
        help_text=f"A text file in UTF-8, at most {settings.UPLOAD_LIMIT_BYTES // 2**20:,} MB.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    format = forms.ChoiceField(
        choices=[
            (AUTO, "Detect automatically"),
            *((name, reader.label) for name, reader in READERS.items()),
        ],
    )
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)


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
