"""Forms about people and projects. They check what was typed; services decide."""

import zoneinfo

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from webapp.accounts.limits import TOKEN_DAYS
from webapp.accounts.models import ApiToken, Project, Role, Scope, User

INPUT = {"class": "input"}
LENGTH_HELP = "At least 10 characters. A whole sentence is a good password and easy to remember."
ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})


class ZoneField(forms.ChoiceField):
    """A time zone by its name; the browser filters the list as one types."""

    def __init__(self, **options: object) -> None:
        options.setdefault("label", "Time zone")
        choices = [(zone, zone.replace("_", " ")) for zone in ZONES]
        super().__init__(choices=choices, widget=forms.Select(attrs=INPUT), **options)


class RolesField(forms.MultipleChoiceField):
    def __init__(self, **options: object) -> None:
        options.setdefault("label", "Roles")
        options.setdefault("error_messages", {"required": "Choose at least one role."})
        super().__init__(choices=Role.choices, widget=forms.CheckboxSelectMultiple, **options)


class InviteForm(forms.Form):
    """Invite somebody to a project."""

    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={**INPUT, "autocomplete": "off"}),
    )
    roles = RolesField()


class InstanceInviteForm(forms.Form):
    """Invite somebody to the instance."""

    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={**INPUT, "autocomplete": "off"}),
    )
    is_admin = forms.BooleanField(label="Make this person an administrator", required=False)


class RolesForm(forms.Form):
    roles = RolesField(required=False)


class SignUpForm(forms.Form):
    """What an invited person sets: a name and a password."""

    name = forms.CharField(
        label="Your name",
        max_length=User._meta.get_field("name").max_length,
        help_text="Other people in your projects will see it.",
        widget=forms.TextInput(attrs={**INPUT, "autocomplete": "name"}),
    )
    password = forms.CharField(
        label="Password",
        help_text=LENGTH_HELP,
        widget=forms.PasswordInput(attrs={**INPUT, "autocomplete": "new-password"}),
        strip=False,
    )

    def __init__(self, *args: object, email: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if "password" in data:
            try:
                validate_password(
                    data["password"], User(email=self.email, name=data.get("name", ""))
                )
            except ValidationError as error:
                self.add_error("password", error)
        return data


class ProfileForm(forms.ModelForm):
    time_zone = ZoneField()

    class Meta:
        model = User
        fields = ["name", "time_zone", "theme", "single_keys"]
        labels = {"theme": "Light or dark", "single_keys": "Single-letter keys"}
        help_texts = {
            "single_keys": "Shortcuts such as J, K and 1 to 5, when you are not typing in a field. "
            "Switch them off if you use speech input or press keys by accident."
        }
        widgets = {
            "name": forms.TextInput(attrs={**INPUT, "autocomplete": "name"}),
            "theme": forms.Select(attrs=INPUT),
        }


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=User.Theme.choices)


class TokenForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=ApiToken._meta.get_field("name").max_length,
        help_text="What it is for, such as “export on my laptop”.",
        widget=forms.TextInput(attrs={**INPUT, "autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label="What it may do",
        choices=[
            (Scope.READ, "Read only"),
            (Scope.WRITE, "Read and write in your projects"),
            (Scope.ADMINISTER, "Also manage people, invitations and projects"),
        ],
        initial=Scope.READ,
        help_text="Never more than you may do yourself.",
        widget=forms.Select(attrs=INPUT),
    )
    days = forms.IntegerField(
        label="Days until it expires",
        **TOKEN_DAYS.range,
        initial=TOKEN_DAYS.default,
        widget=forms.NumberInput(attrs=INPUT),
    )


class ProjectForm(forms.ModelForm):
    time_zone = ZoneField(help_text="For dates in exports and reports.")

    class Meta:
        model = Project
        fields = ["name", "description", "time_zone"]
        widgets = {
            "name": forms.TextInput(attrs={**INPUT, "autocomplete": "off"}),
            "description": forms.Textarea(attrs={**INPUT, "rows": 3}),
        }
        labels = {"description": "What it is about"}


class ProjectSettingsForm(ProjectForm):
    class Meta(ProjectForm.Meta):
        fields = [*ProjectForm.Meta.fields, "needs_approval"]
        labels = {**ProjectForm.Meta.labels, "needs_approval": "Rubrics need approval"}
        help_texts = {
            "needs_approval": "A second clinician or a lead approves each version before it is "
            "published."
        }


class DeleteProjectForm(forms.Form):
    """Deleting a project asks for its name."""

    name = forms.CharField(
        label="Name of the project", widget=forms.TextInput(attrs={**INPUT, "autocomplete": "off"})
    )
