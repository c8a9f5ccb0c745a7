"""The filters of the audit page."""

from django import forms

from webapp.accounts.models import Project, User
from webapp.audit.queries import Filters, actions

SELECT = forms.Select(attrs={"class": "input"})


class AuditFilterForm(forms.Form):
    action = forms.ChoiceField(required=False, widget=SELECT)
    actor = forms.ModelChoiceField(
        User.objects.order_by("name"), label="Person", empty_label="Everybody", required=False,
        widget=SELECT,
    )  # fmt: skip
    project = forms.ModelChoiceField(
        Project.objects.order_by("name"), empty_label="All", required=False, widget=SELECT
    )
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [("", "All"), *((name, name) for name in actions())]

    def filters(self) -> Filters:
        chosen = self.cleaned_data
        actor, project = chosen.get("actor"), chosen.get("project")
        return Filters(
            action=chosen.get("action") or "",
            actor=actor.pk if actor else None,
            project=project.pk if project else None,
        )
