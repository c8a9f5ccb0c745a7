"""allauth's forms for a new password, in the words of the other forms: labels in sentence case, no
placeholders that repeat them, and one rule as help."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm
from django.forms import Field

from webapp.accounts.forms import LENGTH_HELP

LABELS = {
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password (again)",
}


def _reword(fields: dict[str, Field]) -> None:
    for name, field in fields.items():
        field.label = LABELS[name]
        field.widget.attrs.pop("placeholder", None)
    fields["password1"].help_text = LENGTH_HELP


class ChangePassword(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self.fields)


class SetPassword(ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _reword(self.fields)
