"""Forms about rubrics. They check what was typed; services decide."""

from django import forms

from rubrics.drafts import MAX_TITLE
from rubrics.services.publishing import MAX_NOTE


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
