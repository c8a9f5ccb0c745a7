"""Forms of the playground and of impact previews. They check what was typed; services decide."""

import re
from typing import Any

from django import forms
from django.db.models import QuerySet

from annotation.impact import sampling
from annotation.impact.limits import SIZE
from annotation.impact.services import Pasted
from rubrics.judges.forms import JudgeField, named_with_reason
from rubrics.judges.queries import first_usable, judges_of
from rubrics.models import Judge, RubricVersion
from webapp.accounts.models import Project
from webapp.limits import SEED
from webapp.runs.limits import MAX_KEY

_SPEAKER = re.compile(r"^\s*(seeker|supporter)\s*:\s*", re.IGNORECASE)


def readers_first(project: Project) -> QuerySet[Judge]:
    """Judges, those first that read wording."""
    # "llm" comes after "learned".
    return judges_of(project).order_by("-kind", "name", "-version")


class _JudgeField(JudgeField):
    def label_from_instance(self, judge: Judge) -> str:
        reads = "reads the wording" if judge.kind == Judge.Kind.LLM else "does not read the wording"
        return f"{named_with_reason(judge)}, {reads}"


class _IdsField(forms.Field):
    """Ids of rows, as many fields of the same name."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[Any]:
        one = forms.UUIDField()
        return [one.clean(each) for each in value or []]


class PlaygroundForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY)
    judge = _JudgeField(
        error_messages={"required": "Choose a judge.", "invalid_choice": "Choose a judge."},
    )
    # Kept as it was typed: outer white space is part of a reply's spans.
    text = forms.CharField(required=False, strip=False)
    after = forms.UUIDField(required=False)
    situation = forms.CharField(required=False)
    history = forms.CharField(required=False)
    turns = _IdsField(required=False)
    dialogues = _IdsField(required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["judge"].queryset = readers_first(project)  # type: ignore[attr-defined]

    def asked(self) -> dict[str, Any]:
        """What `services.playground_start` takes."""
        given = self.cleaned_data
        pasted = None
        if given["text"]:
            pasted = Pasted(
                raw=given["text"],
                after=given["after"],
                situation=given["situation"],
                history=history_of(given["history"]),
            )
        return {
            "key": given["key"],
            "judge": given["judge"],
            "turns": given["turns"],
            "dialogues": given["dialogues"],
            "pasted": pasted,
        }


class ImpactForm(forms.Form):
    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)
    judge = _JudgeField()
    sample = forms.ChoiceField(
        label="Texts", help_text="The judge scores the same texts with both wordings."
    )
    size = forms.IntegerField(
        label="Number of texts",
        **SIZE.range,
        initial=SIZE.default,
        help_text=f"At most {SIZE.most}. More texts give narrower intervals.",
    )
    seed = forms.IntegerField(
        label="Seed",
        **SEED.range,
        initial=SEED.default,
        help_text="Decides which texts are drawn. The same seed draws the same texts.",
    )

    def __init__(self, *args: Any, project: Project, version: RubricVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["judge"].queryset = readers_first(project)
        fields["judge"].initial = first_usable(fields["judge"].queryset)
        fields["sample"].choices = sampling.choices_for(project, version)
        for name, field in fields.items():
            if name != "key":
                field.widget.attrs.setdefault("class", "input")


def history_of(written: str) -> list[dict[str, str]]:
    """Turns from lines such as “Seeker: I can't sleep.” A line without a speaker goes on with
    the one before; the first is the seeker's."""
    turns: list[dict[str, str]] = []
    for line in written.splitlines():
        if not line.strip():
            continue
        speaker = _SPEAKER.match(line)
        if speaker or not turns:
            role = speaker[1].lower() if speaker else "seeker"
            turns.append({"role": role, "text": line[speaker.end() if speaker else 0 :].strip()})
        else:
            turns[-1]["text"] += f"\n{line.strip()}"
    return turns
