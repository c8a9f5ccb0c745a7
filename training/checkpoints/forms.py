"""The three ways in which a model comes from outside, a form for each."""

from typing import Any

from django import forms
from django.conf import settings

from training.checkpoints.limits import MAX_LICENCE, MAX_PATH, MAX_REPO, MAX_REVISION
from training.models import Checkpoint
from webapp.runs.limits import MAX_KEY


class NamedForm(forms.Form):
    """What all three ask for."""

    name = forms.CharField(
        max_length=Checkpoint.MAX_NAME, help_text="What your project calls it, such as “Base 0.5B”."
    )
    licence = forms.CharField(
        required=False,
        max_length=MAX_LICENCE,
        help_text="As its authors name it, such as “Apache 2.0”. It is printed in the model card.",
    )
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)

    def refused_field(self, code: str) -> str | None:
        """The field that a refusal of the service belongs to; None for the whole form."""
        return code if code in self.fields else None


class UploadForm(NamedForm):
    file = forms.FileField(
        label="Archive",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    field_order = ("file", "name", "licence")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = (
            "A zip, tar or tar.gz file with the model’s folder, at most "
            f"{settings.UPLOAD_LIMIT_BYTES // 2**20:,} MB."
        )

    def refused_field(self, code: str) -> str | None:
        return super().refused_field(code) or "file"


class PathForm(NamedForm):
    path = forms.CharField(label="Folder", max_length=MAX_PATH)
    field_order = ("path", "name", "licence")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roots = ", ".join(settings.MODEL_ROOTS)
        self.fields["path"].help_text = f"Its absolute path on the server, below {roots}."

    def refused_field(self, code: str) -> str | None:
        return super().refused_field(code) or "path"


class HubForm(NamedForm):
    repo = forms.CharField(
        label="Model on the hub",
        max_length=MAX_REPO,
        help_text="Owner and name, such as Qwen/Qwen2.5-0.5B-Instruct. Public models only.",
    )
    revision = forms.CharField(
        max_length=MAX_REVISION,
        initial="main",
        help_text="A branch, a tag or a commit. The studio keeps the commit that it is now.",
    )
    field_order = ("repo", "revision", "name", "licence")
