"""The form of a new rubric. It checks what was typed; services decide."""

from django import forms

from rubrics.core.drafts import MAX_TITLE


class RubricForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_TITLE,
        help_text="What it rates, in a few words: “Empathic support”.",
        widget=forms.TextInput(attrs={"class": "input", "autofocus": True}),
    )
