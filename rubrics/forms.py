"""Forms about rubrics. They check what was typed; services decide."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from rubrics.drafts import MAX_TITLE
from rubrics.formats import FORMATS
from rubrics.models import Rubric
from rubrics.services.publishing import MAX_NOTE
from rubrics.services.reviewing import MAX_WORDS
from webapp.accounts.models import Project


class RubricForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_TITLE,
        help_text="What it rates, in a few words: “Empathic support”.",
        widget=forms.TextInput(attrs={"class": "input", "autofocus": True}),
    )


class SeenForm(forms.Form):
    """The revision of the draft that the person had on the page."""

    expected_revision = forms.IntegerField(min_value=0)


class PublishForm(SeenForm):
    change_note = forms.CharField(max_length=MAX_NOTE, required=False)


class RefuseForm(SeenForm):
    words = forms.CharField(max_length=MAX_WORDS)


class RestoreForm(forms.Form):
    """The revision of the open draft that the person agrees to set aside."""

    set_aside_revision = forms.IntegerField(min_value=0, required=False)


class CopyForm(forms.Form):
    name = forms.CharField(max_length=MAX_TITLE)
    project = forms.ModelChoiceField(queryset=Project.objects.none())

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects


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
        label="Into",
        queryset=Rubric.objects.none(),
        required=False,
        empty_label="A new rubric",
        help_text="Into a rubric that is there it comes as a new draft.",
        widget=forms.Select(attrs={"class": "input"}),
    )
    name = forms.CharField(
        label="Name of a new rubric",
        max_length=MAX_TITLE,
        required=False,
        help_text="Left empty, it is called as the file says.",
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, rubrics: QuerySet[Rubric], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rubric"].queryset = rubrics
