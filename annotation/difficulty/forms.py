"""The form that starts a difficulty run."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from annotation.choices import offer_rows
from annotation.difficulty.limits import MAX_TOKENS, PROMPTS, REPLIES, TEMPERATURE
from annotation.generation.critic_fields import (
    LEVEL,
    chosen_levels,
    judge_field,
    level_fields,
)
from annotation.models import Collection
from annotation.models.corpus import Split
from rubrics.judges.forms import JudgeField, offer_judges
from rubrics.models import RubricVersion
from rubrics.queries import turn_versions
from webapp.accounts.models import Project
from webapp.ids import as_uuid
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY

_JUDGE = "It judges each reply once. A learned judge must be fitted on this version."


class DifficultyForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)
    collection = forms.ModelChoiceField(
        label="Set", queryset=Collection.objects.none(), empty_label=None
    )
    split = forms.ChoiceField(
        choices=Split.choices,
        initial=Split.TRAIN,
        help_text="Training uses easy and hard prompts of the train split.",
    )
    prompts = forms.IntegerField(
        **PROMPTS.range, initial=200, help_text="Drawn from the split at random with the seed."
    )
    endpoint = forms.ModelChoiceField(
        label="Model",
        queryset=Endpoint.objects.none(),
        empty_label=None,
        help_text="The model that you want to train. Prompts are easy or hard for this model only.",
    )
    replies = forms.IntegerField(
        label="Replies per prompt",
        **REPLIES.range,
        initial=REPLIES.default,
        help_text="More replies make pFAIL more exact, but the run takes longer. The paper has 8.",
    )
    max_tokens = forms.IntegerField(
        label="Longest reply",
        **MAX_TOKENS.range,
        initial=MAX_TOKENS.default,
        help_text="In tokens, for all four spans together.",
    )
    temperature = forms.FloatField(
        **TEMPERATURE.range,
        initial=TEMPERATURE.default,
        help_text="Higher values give more varied replies. Use the temperature of your training.",
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    seed = forms.IntegerField(
        **SEED.range,
        initial=SEED.default,
        help_text="The same seed draws the same prompts.",
    )
    version = forms.ModelChoiceField(
        label="Rubric version",
        queryset=RubricVersion.objects.none(),
        empty_label=None,
        help_text="Each reply is judged by this published version.",
    )
    judge = JudgeField(help_text=_JUDGE)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sets = Collection.objects.filter(project=project).exclude(query__has_key="split")
        offer_rows(self, "collection", sets.order_by("-number"))
        endpoints = Endpoint.objects.filter(project=project, archived_at=None).order_by("name")
        offer_rows(self, "endpoint", endpoints)
        versions = turn_versions(project)
        offer_rows(self, "version", versions)
        offer_judges(self, "judge", project=project)
        self.version = self._chosen_version(versions)
        if self.version is not None:
            self.initial["version"] = self.version.pk
            self.fields["judge"] = judge_field(self.version, _JUDGE)
            self.fields.update(level_fields(self.version))
        for name, field in self.fields.items():
            if name != "key":
                field.widget.attrs.setdefault("class", "input")

    def _chosen_version(self, versions: QuerySet[RubricVersion]) -> RubricVersion | None:
        """The version that the page or the person chose, else the first; its criteria have
        fields."""
        chosen = self["version"].value()
        found = versions.filter(pk=as_uuid(str(chosen))).first()
        return found or (None if self.is_bound else versions.first())

    @property
    def level_fields(self) -> list[forms.BoundField]:
        """The PASS levels."""
        return [self[name] for name in self.fields if name.startswith(LEVEL)]

    def asked(self) -> dict[str, Any]:
        """What `difficulty_start` takes."""
        asked = dict(self.cleaned_data)
        levels = chosen_levels(asked)
        return asked | {"thresholds": levels}

    def missing(self) -> list[str]:
        """What this project has nothing of yet."""
        fields: dict[str, Any] = self.fields
        names = ("collection", "endpoint", "version", "judge")
        return [name for name in names if not fields[name].queryset.exists()]
