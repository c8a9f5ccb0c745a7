"""The form that reads a file. It checks what was typed; services decide."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from rubrics.core.drafts import MAX_TITLE
from rubrics.core.formats import FORMATS
from rubrics.models import Rubric


class ImportForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="YAML or JSON, at most 4 MiB, as UTF-8.",
        widget=forms.ClearableFileInput(attrs={"class": "input"}),
    )
    format_name = forms.ChoiceField(
        label="Format",
        choices=[(each.name, each.label) for each in FORMATS.values() if each.read],
        widget=forms.Select(attrs={"class": "input"}),
    )
    rubric = forms.ModelChoiceField(
        label="Import into",
        queryset=Rubric.objects.none(),
        required=False,
        empty_label="A new rubric",
        help_text="Importing into an existing rubric creates a new draft.",
        widget=forms.Select(attrs={"class": "input"}),
    )
    name = forms.CharField(
        label="Name of a new rubric",
        max_length=MAX_TITLE,
        required=False,
        help_text="If you leave this empty, the name comes from the file.",
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, rubrics: QuerySet[Rubric], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rubric"].queryset = rubrics
