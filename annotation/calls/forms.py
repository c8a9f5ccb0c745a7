"""What a list of calls is asked for by its address."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.http import urlencode

from webapp.llm.models import ModelCall

COLUMNS = {"run": "run_id", "made_for": "made_for", "endpoint": "endpoint_id"}


class CallFilter(forms.Form):
    """Fields of the address; what can't be read is as if it were not there."""

    run = forms.UUIDField(required=False)
    made_for = forms.UUIDField(required=False)
    endpoint = forms.UUIDField(required=False)
    failed = forms.BooleanField(required=False)
    before = forms.UUIDField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.full_clean()

    @property
    def before_id(self) -> UUID | None:
        return self.cleaned_data.get("before")

    @property
    def run_id(self) -> UUID | None:
        return self.cleaned_data.get("run")

    @property
    def row_id(self) -> UUID | None:
        return self.cleaned_data.get("made_for")

    @property
    def only_failed(self) -> bool:
        return bool(self.cleaned_data.get("failed"))

    def chosen(self, calls: QuerySet[ModelCall]) -> QuerySet[ModelCall]:
        for field, column in (
            ("run", "run_id"),
            ("made_for", "made_for"),
            ("endpoint", "endpoint"),
        ):
            if value := self.cleaned_data.get(field):
                calls = calls.filter(**{column: value})
        return calls.exclude(error="") if self.only_failed else calls

    def address(self, **changes: Any) -> str:
        """The query string of this list with some fields changed; None leaves one out."""
        kept = {name: self.cleaned_data.get(name) for name in (*COLUMNS, "failed")} | changes
        if "failed" in kept:
            kept["failed"] = 1 if kept["failed"] else None
        return urlencode({name: value for name, value in kept.items() if value})

    @property
    def address_of_all(self) -> str:
        return self.address(failed=None)

    @property
    def address_of_failed(self) -> str:
        return self.address(failed=True)

    @property
    def address_here(self) -> str:
        return self.address()
