"""Forms that fit a judge, name one, start a judge run, and choose texts of it."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.http import urlencode

from annotation.choices import offer_rows
from annotation.judge_runs.services import FITTING_KINDS
from annotation.judge_runs.texts import ALL, POSITION, SHOWN, SORTS, Wanted
from annotation.models import Collection, Rater, Rating
from annotation.sets.limits import MEMBERS
from rubrics.core.spec import RubricSpec
from rubrics.judges.forms import JudgeField, offer_judges
from rubrics.judges.limits import DEFAULTS, MODES, TEMPERATURE
from rubrics.judges.queries import first_usable, judges_of
from rubrics.models import Judge, RubricVersion
from rubrics.queries import published_versions
from webapp.accounts.models import Project
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY


class _StyledForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.offer(project)
        for name, field in self.fields.items():
            if name != "key" and not isinstance(field.widget, forms.CheckboxSelectMultiple):
                field.widget.attrs.setdefault("class", "input")

    def offer(self, project: Project) -> None:
        """Fill the choices with what this project has."""


class FitForm(_StyledForm):
    version = forms.ModelChoiceField(
        label="Rubric version", queryset=RubricVersion.objects.none(), empty_label=None
    )
    judge_name = forms.CharField(
        label="Name of the judge",
        max_length=Judge.MAX_NAME,
        initial="Learned judge",
        help_text="The same name creates the judge’s next version.",
    )
    rater_kinds = forms.MultipleChoiceField(
        label="Learn from ratings by",
        choices=[(kind.value, kind.label) for kind in FITTING_KINDS],
        widget=forms.CheckboxSelectMultiple,
        initial=[Rater.Kind.PERSON, Rater.Kind.EXTERNAL, Rater.Kind.AUTHOR],
        help_text="Ratings of the test split are never used. Where an adjudicator settled a level, "
        "it stands for those of people. “Author” means an author of a written corpus. "
        "“Synthetic” means that a synthetic text came with known levels. No person gave them.",
    )

    def offer(self, project: Project) -> None:
        versions = published_versions(project)
        offer_rows(self, "version", versions)
        self._suggest(project, versions)

    def _suggest(self, project: Project, versions: QuerySet[RubricVersion]) -> None:
        """The version that was rated last, and who rated by it: people before construction."""
        ratings = Rating.objects.filter(
            project=project, withdrawn_at=None, rater__kind__in=FITTING_KINDS
        )
        rated = ratings.filter(spec__in=versions.values("spec")).order_by("-pk").first()
        if rated is None:
            return
        here = ratings.filter(spec=rated.spec_id)
        kinds = [kind for kind in FITTING_KINDS if here.filter(rater__kind=kind).exists()]
        given = [kind for kind in kinds if kind != Rater.Kind.CONSTRUCTION]
        self.initial.setdefault("version", versions.filter(spec=rated.spec_id).first())
        self.initial.setdefault("rater_kinds", given or kinds)


class LLMJudgeForm(_StyledForm):
    name = forms.CharField(
        max_length=Judge.MAX_NAME, help_text="The same name creates the judge’s next version."
    )
    endpoint = forms.ModelChoiceField(queryset=Endpoint.objects.none(), empty_label=None)
    mode = forms.ChoiceField(
        label="How it scores",
        choices=list(MODES.items()),
        initial=DEFAULTS.mode,
        help_text="With two calls, the model writes its reasons before any level. Where the server "
        "tells how likely the model finds each level, you also see their weighted average. Two "
        "calls cost about twice as much.",
    )
    temperature = forms.FloatField(**TEMPERATURE.range, initial=TEMPERATURE.default)

    def offer(self, project: Project) -> None:
        endpoints = Endpoint.objects.filter(project=project, archived_at=None).order_by("name")
        offer_rows(self, "endpoint", endpoints)


class JudgeRunForm(_StyledForm):
    collection = forms.ModelChoiceField(
        label="Set", queryset=Collection.objects.none(), empty_label=None
    )
    limit = forms.IntegerField(
        label="Maximum number of texts",
        **MEMBERS.range,
        initial=500,
        help_text="If the set has more, only some of them are judged.",
    )
    seed = forms.IntegerField(
        **SEED.range,
        initial=SEED.default,
        help_text="0 takes the first texts. Any other number draws texts at random, the same "
        "each time.",
    )
    version = forms.ModelChoiceField(
        label="Rubric version", queryset=RubricVersion.objects.none(), empty_label=None
    )
    judge = JudgeField()

    def offer(self, project: Project) -> None:
        sets = Collection.objects.filter(project=project)
        offer_rows(self, "collection", sets.order_by("-number"))
        offer_rows(self, "version", published_versions(project))
        offer_judges(self, "judge", project=project)
        self._suggest(judges_of(project).order_by("-created_at"))

    def _suggest(self, newest: QuerySet[Judge]) -> None:
        """The judge that was asked for or made last, with the version that it learned from. One
        that can't be used is left out."""
        asked_for = str(self.initial.get("judge", ""))
        judge = first_usable(sorted(newest, key=lambda one: str(one.pk) != asked_for))
        if judge is not None:
            suggested = {"judge": judge.pk, "version": judge.provenance.get("version")}
            self.initial = {**dict(self.initial), **suggested}


class TextFilter(forms.Form):
    """Which texts of a run a page shows, by its address; what can't be read is left out."""

    shown = forms.ChoiceField(label="Show", choices=list(SHOWN.items()), required=False)
    level = forms.ChoiceField(label="Level", required=False)
    sort = forms.ChoiceField(label="Sort", choices=list(SORTS.items()), required=False)

    def __init__(self, *args: Any, spec: RubricSpec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.levels = {
            f"{c.uid}={value}": (c.uid, float(value))
            for c in spec.judge_criteria
            for value in c.level_values
        }
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"
        self.fields["level"].choices = [
            ("", "Any level"),
            *((c.name, [(f"{c.uid}={v}", f"{c.name}: {v}") for v in c.level_values])
              for c in spec.judge_criteria),
        ]  # fmt: skip
        self.full_clean()

    def wanted(self, page: int) -> Wanted:
        asked = self.cleaned_data
        return Wanted(
            shown=asked.get("shown") or ALL,
            sort=asked.get("sort") or POSITION,
            level=self.levels.get(asked.get("level") or ""),
            page=page,
        )

    @property
    def address(self) -> str:
        """The query string of this choice, for the links to other pages."""
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})
