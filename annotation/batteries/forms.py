"""The button beside a judge."""

from django import forms

from webapp.runs.limits import MAX_KEY


class NewBatteryForm(forms.Form):
    """`key` makes one run of a double click."""

    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)
