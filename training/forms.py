"""The form that starts a training run and explains each of its settings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from annotation.models import Collection
from rubrics.judges.forms import JudgeField, JudgesField, offer_judges
from rubrics.judges.queries import can_score, first_that_score
from rubrics.models import Judge, RubricVersion
from rubrics.queries import turn_versions
from training.checkpoints.serving import local_server_refusal
from training.checks import settings_of
from training.limits import (
    EVALUATION_JUDGES,
    FRACTIONS,
    GRPO,
    HELD_OUT_PROMPTS,
    LORA,
    MEASURED,
    MICRO_BATCH,
    PROMPTS,
    REWARD_PARTS,
    SFT,
    WEIGHT,
    shares,
)
from training.models import Checkpoint, TrainingRun
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.limits import SEED, Setting
from webapp.runs.limits import MAX_KEY

# What a run does: (value, label, one sentence).
PLANS = (
    ("grpo", "GRPO", "Rewards the better ones of the model’s own replies."),
    ("sft", "SFT", "Teaches the model to write replies like those in the set."),
    (
        "sft_grpo",
        "SFT, then GRPO",
        "Two runs. GRPO starts by itself from the last checkpoint of SFT.",
    ),
)
TUNINGS = (("full", "All weights"), ("lora", "LoRA adapters"))
# What each setting of SFT means: (label, one sentence). The longest reply is that of GRPO.
SFT_MEANINGS = {
    "steps": ("SFT steps", "How many times the model is updated."),
    "batch_size": (
        "Replies per SFT step",
        "How many replies the model imitates before each update.",
    ),
    "learning_rate": (
        "SFT learning rate",
        "How much one step changes the model. If it is too high, training fails. If it is too "
        "low, the model learns nothing.",
    ),
    "save_every": (
        "SFT checkpoint every",
        "In steps. A stopped run can be resumed from its last checkpoint.",
    ),
    "validate_every": (
        "SFT validation every",
        "In steps. The loss on replies that are not trained on. When it rises, the model learns "
        "by heart.",
    ),
}
LORA_MEANINGS = {
    "rank": ("LoRA rank", "The size of the adapters. A larger one can learn more."),
    "alpha": ("LoRA alpha", "How strongly the adapters count. Twice the rank is usual."),
}
# What each setting of GRPO means: (label, one sentence).
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
        "wrong. If you leave it empty, it fits 99 % of the replies in the set, but takes at most "
        "half of what the model can read. It is rarely below 256.",
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
    """`reward()`, `sft()`, `grpo()` and `lora()` give the cleaned values as the service takes
    them."""

    key = forms.CharField(max_length=MAX_KEY, widget=forms.HiddenInput)
    plan = forms.ChoiceField(
        choices=[(value, label) for value, label, _ in PLANS],
        initial=PLANS[0][0],
        widget=forms.RadioSelect,
    )
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
    grpo_collection = forms.ModelChoiceField(
        label="Another set for GRPO",
        queryset=Collection.objects.none(),
        required=False,
        empty_label="The same set",
        help_text="The paper trains SFT on easy prompts and GRPO on hard ones.",
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
        help_text="For the evaluation at the end. The model is never trained on them. More prompts "
        "give narrower intervals.",
    )
    version = forms.ModelChoiceField(
        label="Rubric version",
        queryset=RubricVersion.objects.none(),
        empty_label=None,
        help_text="The run always uses the text of this published version.",
    )
    # Left out where the plan has no GRPO.
    judge = JudgeField(
        label="Judge",
        error_messages={"required": "Choose a judge. It scores the replies of GRPO."},
        help_text="Scores each reply of GRPO by the rubric. A learned judge must have been fitted "
        "on this version’s wording.",
    )
    evaluation_judges = JudgesField(
        label="Judges of the evaluation",
        required=False,
        help_text="At least one must not be the judge of the reward: a model learns to please the "
        f"judge that rewards it. Choose at most {EVALUATION_JUDGES.most}; with none, there is no "
        "evaluation.",
    )
    tuning = forms.ChoiceField(
        label="What is trained",
        choices=TUNINGS,
        initial=TUNINGS[0][0],
        help_text="LoRA needs much less memory: it trains small adapters and keeps the rest of "
        "the model as it is. Checkpoints hold the whole model either way.",
    )
    micro_batch = forms.IntegerField(
        label="Replies in memory at once",
        **MICRO_BATCH.range,
        required=False,
        help_text="A step is computed in parts of this size, so that a large model fits. Leave it "
        "empty to compute a step at once.",
    )
    sft_both_roles = forms.BooleanField(
        label="Teach the seeker’s messages, too",
        required=False,
        help_text="The model also learns to write the seeker’s messages. Only a model that is to "
        "write whole dialogues needs this.",
    )
    gate_reason = forms.CharField(
        label="Why should the run start anyway?",
        required=False,
        max_length=TrainingRun.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed because the gate is not met. The reason stays with the run, its "
        "checkpoints and their model cards.",
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
        for prefix, meanings, settings in (
            ("", MEANINGS, GRPO),
            ("sft_", SFT_MEANINGS, SFT),
            ("lora_", LORA_MEANINGS, LORA),
        ):
            for name in meanings:
                self.fields[prefix + name] = _number_field(settings[name], *meanings[name])
        self._offer(project)
        self.fields["judge"].required = self.data.get("plan") != "sft"
        for name, field in self.fields.items():
            if name not in ("key", "plan", "evaluation_judges", "sft_both_roles"):
                field.widget.attrs.setdefault("class", "input")

    def _offer(self, project: Project) -> None:
        fields: dict[str, Any] = self.fields
        # The row of the starter of earlier versions has no files.
        fields["base"].queryset = (
            Checkpoint.objects.filter(project=project)
            .exclude(origin=Checkpoint.Origin.STARTER)
            .select_related("run")
            .order_by("-number")
        )
        # What came from outside, not the last step of some run, is where most runs begin.
        fields["base"].initial = fields["base"].queryset.filter(run=None).first()
        # A set that names a split has no other one: training needs two.
        fields["collection"].queryset = (
            Collection.objects.filter(project=project)
            .exclude(query__has_key="split")
            .order_by("-number")
        )
        fields["grpo_collection"].queryset = fields["collection"].queryset
        fields["version"].queryset = turn_versions(project)
        offer_judges(self, "judge", "evaluation_judges", project=project)
        judges = list(fields["judge"].queryset)
        if pair := first_that_score(fields["version"].queryset, judges):
            fields["version"].initial, fields["judge"].initial = pair
            fields["evaluation_judges"].initial = _judges_to_measure_with(*pair, judges)

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

    def reward_judge(self) -> Judge | None:
        """None where the plan has no reward."""
        judge: Judge | None = self.cleaned_data["judge"]
        return judge if self.grpo() is not None else None

    def sft(self) -> dict[str, float] | None:
        return self._settings("sft", prefix="sft_")

    def grpo(self) -> dict[str, float] | None:
        return self._settings("grpo", prefix="")

    def lora(self) -> dict[str, float] | None:
        if self.cleaned_data["tuning"] != "lora":
            return None
        return {name: self.cleaned_data[f"lora_{name}"] for name in LORA}

    def small_models(self) -> list[UUID]:
        """The base checkpoints that are a small language model as the studio makes it."""
        fields: dict[str, Any] = self.fields
        rows = fields["base"].queryset.filter(origin=Checkpoint.Origin.PACKAGE)
        return list(rows.values_list("pk", flat=True))

    def plans(self) -> list[tuple[Any, str]]:
        """Each choice of a plan with what it does."""
        return [(radio, plan[2]) for radio, plan in zip(self["plan"], PLANS, strict=True)]

    def _settings(self, method: str, *, prefix: str) -> dict[str, float] | None:
        """The settings of a method; None where the plan does without it."""
        cleaned = self.cleaned_data
        if method not in cleaned["plan"].split("_"):
            return None
        own = {
            name.removeprefix(prefix): cleaned[name] for name in cleaned if name.startswith(prefix)
        }
        return settings_of(method, cleaned | own)

    def missing(self) -> list[str]:
        """The labels of choices that this project has nothing for yet."""
        fields: dict[str, Any] = self.fields
        names = ("base", "collection", "version")
        return [name for name in names if not fields[name].queryset.exists()]


def _judges_to_measure_with(
    version: RubricVersion, reward: Judge, judges: Sequence[Judge]
) -> list[Judge]:
    """Those that can score the version, others than the reward's first; none where there is no
    other, or where no model can be served."""
    if local_server_refusal() is not None:
        return []
    able = [judge for judge in judges if can_score(version, judge)]
    others = [judge for judge in able if judge.hash != reward.hash]
    same = [judge for judge in able if judge.hash == reward.hash]
    return [*others, *same][: EVALUATION_JUDGES.most] if others else []


def _number_field(setting: Setting, label: str, meaning: str) -> forms.Field:
    is_fraction = setting.name in FRACTIONS
    kind = forms.FloatField if is_fraction else forms.IntegerField
    is_measured = setting.name == MEASURED
    return kind(
        label=label,
        **setting.range,
        required=not is_measured,
        initial=None if is_measured else setting.default,
        help_text=meaning,
        widget=forms.NumberInput(attrs={"step": "any" if is_fraction else "1"}),
    )
