"""allauth's forms for a new password, with labels in sentence case as everywhere else."""

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm

NEW, AGAIN = "New password", "New password (again)"


class ChangePassword(ChangePasswordForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = "Current password"
        self.fields["password1"].label = NEW
        self.fields["password2"].label = AGAIN


class SetPassword(ResetPasswordKeyForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = NEW
        self.fields["password2"].label = AGAIN
