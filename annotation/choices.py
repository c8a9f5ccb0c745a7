"""What a form offers is known when it is made for a project. The types of a form's fields are
not; these two know which of them have rows or choices."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet


def offer_rows(form: forms.BaseForm, name: str, rows: QuerySet[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  (the form's own field)
    field.queryset = rows


def offer(form: forms.BaseForm, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  (the form's own field)
    field.choices = list(choices)
