"""The form that starts an export of one table."""

from typing import Any

from django import forms

from annotation.choices import offer
from annotation.exports.limits import FORMATS, MAX_FILTER
from annotation.exports.registry import Table
from webapp.accounts.access import Member
from webapp.runs.limits import MAX_KEY

FORMAT_HELP = (
    "CSV opens in a spreadsheet. JSON Lines and Parquet keep lists and types. A dataset folder "
    "is a zip with a data card and one file for each split; datasets.load_dataset opens it."
)


class ExportForm(forms.Form):
    """The filters that the page handed over are hidden fields; a table's own choices are shown."""

    format = forms.ChoiceField(choices=FORMATS, help_text=FORMAT_HELP)
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)

    def __init__(self, *args: Any, table: Table, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [each for each in table.choices if not each.roles or member.has(*each.roles)]
        for name in table.filters:
            self.fields[name] = forms.CharField(
                required=False, max_length=MAX_FILTER, widget=forms.HiddenInput
            )
        for choice in choices:
            self.fields[choice.name] = forms.ChoiceField(label=choice.label, help_text=choice.help)
            offer(self, choice.name, choice.values)
        self.filter_names = [*table.filters, *(choice.name for choice in choices)]
        self.order_fields([*(choice.name for choice in choices), "format"])

    def filters(self) -> dict[str, str]:
        """What was chosen; call it on a valid form."""
        chosen = {name: self.cleaned_data[name] for name in self.filter_names}
        return {name: value for name, value in chosen.items() if value}
