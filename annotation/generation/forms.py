"""The form that starts a generation."""

from django import forms

from annotation.choices import offer_rows
from annotation.formats.emotions import EMOTIONS
from annotation.generation.limits import COUNT, EXCHANGES, TEMPERATURE, read_situations
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.llm.models import Endpoint
from webapp.runs.limits import MAX_KEY


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
        initial=["lonely", "ashamed", "terrified"],
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
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)

    def __init__(self, *args: object, project: Project, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        endpoints = Endpoint.objects.filter(project=project, archived_at=None).order_by("name")
        for name in ("supporter", "simulator"):
            offer_rows(self, name, endpoints)
        for name, field in self.fields.items():
            if name not in ("emotions", "key"):
                field.widget.attrs.setdefault("class", "input")

    def clean_situations(self) -> list[str]:
        try:
            return read_situations(self.cleaned_data["situations"].splitlines())
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from None
