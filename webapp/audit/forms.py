"""The filters of the audit page."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from webapp.accounts.models import Project, User
from webapp.audit.queries import Filters, actions
from webapp.audit.words import action_in_words

SELECT = forms.Select(attrs={"class": "input"})
# The browser shows and reads dates as the person's system writes them.
DAY = forms.DateInput(attrs={"class": "input", "type": "date"}, format="%Y-%m-%d")
YEARS = range(2000, 2101)


class AuditFilterForm(forms.Form):
    actor = forms.ModelChoiceField(
        User.objects.order_by("name"), label="Person", empty_label="Everybody", required=False,
        widget=SELECT,
    )  # fmt: skip
    action = forms.ChoiceField(required=False, widget=SELECT)
    project = forms.ModelChoiceField(
        Project.objects.order_by("name"), empty_label="All", required=False, widget=SELECT
    )
    since = forms.DateField(label="From", required=False, widget=DAY)
    until = forms.DateField(label="To", required=False, widget=DAY)
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        named = sorted((action_in_words(name), name) for name in actions())
        self.fields["action"].choices = [("", "All"), *((name, words) for words, name in named)]

    def clean_since(self) -> date | None:
        return self._day("since")

    def clean_until(self) -> date | None:
        return self._day("until")

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or self.cleaned_data
        since, until = chosen.get("since"), chosen.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first one. Choose a later day.")
        return chosen

    def filters(self) -> Filters:
        """What was chosen, without what can't be read. A day begins and ends in the time zone of
        the person who asks."""
        chosen = self.cleaned_data
        actor, project = chosen.get("actor"), chosen.get("project")
        since, until = chosen.get("since"), chosen.get("until")
        return Filters(
            action=chosen.get("action") or "",
            actor=actor.pk if actor else None,
            project=project.pk if project else None,
            since=_start(since) if since else None,
            until=_start(until + timedelta(days=1)) if until else None,
        )

    def _day(self, name: str) -> date | None:
        day: date | None = self.cleaned_data[name]
        if day and day.year not in YEARS:
            raise forms.ValidationError(f"Choose a day from {YEARS[0]} to {YEARS[-1]}.")
        return day


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
