"""The form that starts a generation."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from annotation.choices import offer_rows
from annotation.formats.emotions import EMOTIONS
from annotation.generation.critic_fields import LEVEL, chosen_critic, critic_fields
from annotation.generation.limits import COUNT, EXCHANGES, TEMPERATURE, read_situations
from annotation.generation.queries import emotions_with_situations
from rubrics.models import RubricVersion
from rubrics.queries import turn_versions
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.ids import as_uuid
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY

USUAL_EMOTIONS = ["lonely", "ashamed", "terrified"]


class GenerationForm(forms.Form):
    count = forms.IntegerField(label="Dialogues", **COUNT.range, initial=12)
    exchanges = forms.IntegerField(
        **EXCHANGES.range,
        initial=EXCHANGES.default,
        help_text="One exchange is a seeker’s turn and a supporter’s reply.",
    )
    emotions = forms.MultipleChoiceField(
        choices=[(emotion, emotion) for emotion in sorted(EMOTIONS)],
        widget=forms.CheckboxSelectMultiple,
    )
    situations = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One per line. If you leave this empty, they come from the project’s dialogues "
        "with the same emotion.",
    )
    supporter = forms.ModelChoiceField(queryset=Endpoint.objects.none(), empty_label=None)
    simulator = forms.ModelChoiceField(
        label="Seeker", queryset=Endpoint.objects.none(), empty_label=None
    )
    temperature = forms.FloatField(
        **TEMPERATURE.range,
        initial=TEMPERATURE.default,
        help_text="0 gives the most predictable text, 1 gives more variety.",
    )
    seed = forms.IntegerField(
        **SEED.range,
        initial=SEED.default,
        help_text="The same seed gives the same plan of dialogues.",
    )
    critic_version = forms.ModelChoiceField(
        label="Rubric version",
        required=False,
        queryset=RubricVersion.objects.none(),
        empty_label="No critic",
        help_text="With a rubric, a judge scores each reply. A reply that fails goes back to the "
        "supporter with what it fell short of.",
    )
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)

    def __init__(self, *args: object, project: Project, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        endpoints = Endpoint.objects.filter(project=project, archived_at=None).order_by("name")
        for name in ("supporter", "simulator"):
            offer_rows(self, name, endpoints)
        self.initial.setdefault("emotions", _suggested_emotions(project))
        versions = turn_versions(project)
        offer_rows(self, "critic_version", versions)
        critic = self._chosen_version(versions)
        self.critic_names: list[str] = []
        if critic is not None:
            fields = critic_fields(critic)
            self.critic_names = list(fields)
            self.fields.update(fields)
        for name, field in self.fields.items():
            if name not in ("emotions", "key"):
                field.widget.attrs.setdefault("class", "input")

    def _chosen_version(self, versions: QuerySet[RubricVersion]) -> RubricVersion | None:
        """The version that the page or the person chose; its criteria have fields."""
        chosen = self["critic_version"].value()
        return versions.filter(pk=as_uuid(str(chosen))).first()

    @property
    def level_fields(self) -> list[forms.BoundField]:
        """The PASS levels of the critic."""
        return [self[name] for name in self.critic_names if name.startswith(LEVEL)]

    def asked(self) -> dict[str, Any]:
        """What `generation_start` takes."""
        asked = dict(self.cleaned_data)
        version = asked.pop("critic_version")
        critic = chosen_critic(version, asked) if version else None
        return asked | {"critic": critic}

    def clean_situations(self) -> list[str]:
        try:
            return read_situations(self.cleaned_data["situations"].splitlines())
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from None


def _suggested_emotions(project: Project) -> list[str]:
    """The usual ones, or as many others where the project has no situations for one of them."""
    known = emotions_with_situations(project)
    if not known or set(USUAL_EMOTIONS) <= set(known):
        return USUAL_EMOTIONS
    return known[: len(USUAL_EMOTIONS)]
