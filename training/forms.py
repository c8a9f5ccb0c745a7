"""The form that starts a training run and explains each of its settings."""

from typing import Any

from django import forms

from annotation.models import Collection
from rubrics.judges.queries import unfitted_criterion
from rubrics.models import Judge, RubricVersion
from training.limits import FRACTIONS, GRPO, HELD_OUT_PROMPTS, PROMPTS, REWARD_PARTS, WEIGHT, shares
from training.models import Checkpoint
from training.services import settings_of
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.limits import SEED
from webapp.runs.limits import MAX_KEY

# What each setting means: (label, one sentence).
MEANINGS = {
    "steps": (
        "Steps",
        "How many times the model is updated. Each step writes and scores new replies.",
    ),
    "prompts_per_step": (
        "Prompts per step",
        "How many prompts the model answers before each update.",
    ),
    "rollouts_per_prompt": (
        "Replies per prompt",
        "Replies to the same prompt form a group. Training makes replies above the group’s mean "
        "more likely.",
    ),
    "learning_rate": (
        "Learning rate",
        "How much one step changes the model. If it is too high, training fails. If it is too "
        "low, the model learns nothing.",
    ),
    "beta": (
        "Beta",
        "How strongly the model stays close to its base. With 0, it may learn tricks that only "
        "raise the reward.",
    ),
    "max_completion_tokens": (
        "Longest reply",
        "In tokens, for all four spans together. Longer replies are cut off, so their format is "
        "wrong.",
    ),
    "temperature": (
        "Temperature",
        "How varied the replies are. If all replies are alike, there is nothing to compare.",
    ),
    "save_every": (
        "Checkpoint every",
        "In steps. A stopped run can be resumed from its last checkpoint.",
    ),
}
PART_LABELS = {"format": "Format", "emotion": "Emotion match", "rubric": "Rubric"}


class TrainingForm(forms.Form):
    """`reward()` and `grpo()` give the cleaned values as the service takes them."""

    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)
    base = forms.ModelChoiceField(
        label="Base checkpoint",
        queryset=Checkpoint.objects.none(),
        empty_label=None,
        help_text="The model that training starts from. It stays unchanged. The run saves new "
        "checkpoints.",
    )
    collection = forms.ModelChoiceField(
        label="Set",
        queryset=Collection.objects.none(),
        empty_label=None,
        help_text="The train split gives the training prompts, the test split the held-out ones. "
        "They share no profiles.",
    )
    prompts = forms.IntegerField(
        label="Training prompts",
        **PROMPTS.range,
        initial=64,
        help_text="Drawn at random with the seed. Training uses them repeatedly, each time in "
        "a new order.",
    )
    held_out_prompts = forms.IntegerField(
        label="Held-out prompts",
        **HELD_OUT_PROMPTS.range,
        initial=32,
        help_text="Answered once before and once after training, to measure what changed. More "
        "prompts give narrower intervals.",
    )
    version = forms.ModelChoiceField(
        label="Rubric version",
        queryset=RubricVersion.objects.none(),
        empty_label=None,
        help_text="The run always uses the text of this published version.",
    )
    judge = forms.ModelChoiceField(
        queryset=Judge.objects.none(),
        empty_label=None,
        help_text="Scores each reply by the rubric. A learned judge must have been fitted on "
        "this version’s wording.",
    )
    seed = forms.IntegerField(
        **SEED.range,
        initial=SEED.default,
        help_text="The same seed on the same machine gives the same run.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in REWARD_PARTS:
            self.fields[f"part_{part}"] = forms.FloatField(
                label=PART_LABELS[part],
                **WEIGHT.range,
                initial=WEIGHT.default,
                widget=forms.NumberInput(attrs={"step": "any"}),
            )
        for name, setting in GRPO.items():
            label, meaning = MEANINGS[name]
            kind = forms.FloatField if name in FRACTIONS else forms.IntegerField
            self.fields[name] = kind(
                label=label,
                **setting.range,
                initial=setting.default,
                help_text=meaning,
                widget=forms.NumberInput(attrs={"step": "any" if name in FRACTIONS else "1"}),
            )
        self._offer(project)
        for name, field in self.fields.items():
            if name != "key":
                field.widget.attrs.setdefault("class", "input")

    def _offer(self, project: Project) -> None:
        fields: dict[str, Any] = self.fields
        fields["base"].queryset = (
            Checkpoint.objects.filter(project=project).select_related("run").order_by("-number")
        )
        # What came from outside, not the last step of some run, is where most runs begin.
        fields["base"].initial = fields["base"].queryset.filter(run=None).first()
        # A set that names a split has no other one: training needs two.
        fields["collection"].queryset = (
            Collection.objects.filter(project=project)
            .exclude(query__has_key="split")
            .order_by("-number")
        )
        fields["version"].queryset = (
            RubricVersion.objects.filter(
                project=project,
                status=RubricVersion.Status.PUBLISHED,
                spec__content__target="turn",
            )
            .select_related("rubric")
            .order_by("rubric__name", "-number")
        )
        fields["judge"].queryset = Judge.objects.filter(project=project).order_by(
            "name", "-version"
        )
        versions = list(fields["version"].queryset.select_related("spec"))
        fitting = (
            (version, judge)
            for judge in fields["judge"].queryset
            for version in versions
            if unfitted_criterion(version, judge) is None
        )
        if pair := next(fitting, None):
            fields["version"].initial, fields["judge"].initial = pair

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if all(f"part_{part}" in cleaned for part in REWARD_PARTS):
            try:
                shares(self.reward())
            except Refused as refusal:
                self.add_error("part_format", str(refusal))
        return cleaned

    def reward(self) -> dict[str, float]:
        return {part: self.cleaned_data[f"part_{part}"] for part in REWARD_PARTS}

    def grpo(self) -> dict[str, float]:
        return settings_of(self.cleaned_data)

    def missing(self) -> list[str]:
        """The labels of choices that this project has nothing for yet."""
        fields: dict[str, Any] = self.fields
        names = ("base", "collection", "version", "judge")
        return [name for name in names if not fields[name].queryset.exists()]
