"""What a page and the API leave in the database, to be compared."""

from typing import Any

from django import forms
from django.db.models import DateTimeField, Model

# What tells two rows with the same content apart.
OWN = {"id", "number", "idempotency_key"}


def stored(row: Model, *but: str) -> dict[str, Any]:
    """The columns of a row by name, without ids, numbers, keys, times and those named in `but`."""
    return {
        field.name: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.name not in OWN | set(but) and not isinstance(field, DateTimeField)
    }


def as_shown(response: Any) -> dict[str, Any]:
    """What a browser posts for a page's form in which nobody changes anything."""
    fields = list(response.context["form"])
    return {field.name: value for field in fields if (value := _value(field)) is not None}


def _value(field: forms.BoundField) -> Any:
    """A list without a choice shows its first one."""
    value, widget = field.value(), field.field.widget
    if value is None and isinstance(widget, forms.Select) and not widget.allow_multiple_selected:
        value = next((str(value) for value, _ in widget.choices), None)
    return value


def page_error(response: Any, field: str) -> str:
    """What a page that shows its form again says about a field; nothing where it went on."""
    if response.status_code == 302:
        return ""
    assert response.status_code == 200
    return " ".join(response.context["form"].errors.get(field, []))


def api_error(response: Any, *path: str) -> str:
    """What the API says about a field of the request; nothing where it took the request."""
    body = response.json()
    assert response.status_code in (201, 400, 409), body
    found = body.get("errors", {}) if response.status_code == 400 else {}
    for name in path:
        found = found.get(name, {})
    return " ".join(found)
