"""Forms about versions. They check what was typed; services decide."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from rubrics.core.drafts import MAX_TITLE
from rubrics.versions.services.publishing import MAX_NOTE
from rubrics.versions.services.reviewing import MAX_WORDS
from webapp.accounts.models import Project
from webapp.limits import REVISION


class SeenForm(forms.Form):
    """The revision of the draft that the person had on the page."""

    expected_revision = forms.IntegerField(**REVISION.range)


class PublishForm(SeenForm):
    change_note = forms.CharField(max_length=MAX_NOTE, required=False)


class RefuseForm(SeenForm):
    words = forms.CharField(max_length=MAX_WORDS)


class RestoreForm(forms.Form):
    """The revision of the open draft that the person agrees to set aside."""

    set_aside_revision = forms.IntegerField(**REVISION.range, required=False)


class CopyForm(forms.Form):
    name = forms.CharField(max_length=MAX_TITLE)
    project = forms.ModelChoiceField(queryset=Project.objects.none())

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects
