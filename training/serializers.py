"""What the API of training reads and shows, and what it filters by."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from training.gate.serializers import GateCheckSerializer
from training.limits import (
    EVALUATION_JUDGES,
    FRACTIONS,
    GRPO,
    HELD_OUT_PROMPTS,
    LORA,
    MEASURED,
    MICRO_BATCH,
    PROMPTS,
    SFT,
    WEIGHT,
)
from training.models import Rollout, TrainingRun
from training.queries import runs as queries
from webapp.limits import SEED, Setting
from webapp.llm.serializers import UsageSerializer
from webapp.llm.usage import usage_of_run
from webapp.runs.models import Status


class RewardSerializer(serializers.Serializer[Any]):
    """The weights of the reward's parts. They are kept as shares of 1: 2, 1 and 1 become 0.5,
    0.25 and 0.25."""

    format = serializers.FloatField(**WEIGHT.range, default=WEIGHT.default)
    emotion = serializers.FloatField(**WEIGHT.range, default=WEIGHT.default)
    rubric = serializers.FloatField(**WEIGHT.range, default=WEIGHT.default)


_MEASURED = (
    "Without it, it fits 99 % of the replies in the set, but takes at most half of what the model "
    "can read. It is rarely below 256."
)


def _numbers(settings: Mapping[str, Setting]) -> dict[str, serializers.Field]:
    fields: dict[str, serializers.Field] = {}
    for name, setting in settings.items():
        kind = serializers.FloatField if name in FRACTIONS else serializers.IntegerField
        fields[name] = (
            kind(**setting.range, required=False, allow_null=True, help_text=_MEASURED)
            if name == MEASURED
            else kind(**setting.range, default=setting.default)
        )
    return fields


def _micro_batch() -> serializers.Field:
    return serializers.IntegerField(
        **MICRO_BATCH.range,
        required=False,
        allow_null=True,
        help_text="Replies in memory at once; if left out, those of a whole step.",
    )


class GrpoSerializer(serializers.Serializer[Any]):
    """GRPO's numbers; what is left out takes the preset for a CPU."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return _numbers(GRPO) | {"micro_batch": _micro_batch()}


class SftSerializer(serializers.Serializer[Any]):
    """SFT's numbers; what is left out takes the preset for a CPU."""

    def get_fields(self) -> dict[str, serializers.Field]:
        both_roles = serializers.BooleanField(
            default=False,
            help_text="Teach the seeker’s messages of these dialogues, too. A step then has "
            "`batch_size` replies and dialogues together.",
        )
        return _numbers(SFT) | {"micro_batch": _micro_batch(), "both_roles": both_roles}


class LoraSerializer(serializers.Serializer[Any]):
    """Train adapters of this size in place of all weights."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return _numbers(LORA)


class NewTrainingSerializer(serializers.Serializer[Any]):
    plan = serializers.ChoiceField(
        choices=("sft", "grpo", "sft_grpo"),
        default="grpo",
        help_text="sft_grpo: GRPO starts from the last checkpoint of SFT, as a run of its own.",
    )
    base = serializers.UUIDField(help_text="A checkpoint.")
    collection = serializers.UUIDField(help_text="A set with a train and a test split.")
    grpo_collection = serializers.UUIDField(
        required=False, help_text="Another set for the GRPO run of sft_grpo."
    )
    prompts = serializers.IntegerField(**PROMPTS.range)
    held_out_prompts = serializers.IntegerField(**HELD_OUT_PROMPTS.range)
    version = serializers.UUIDField(help_text="A published rubric version that rates turns.")
    judge = serializers.UUIDField(
        default=None,
        allow_null=True,
        help_text="It rewards GRPO, which needs one. SFT has no reward and keeps none.",
    )
    reward = RewardSerializer(required=False)
    sft = SftSerializer(required=False)
    grpo = GrpoSerializer(required=False)
    lora = LoraSerializer(required=False)
    evaluation_judges = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=EVALUATION_JUDGES.most,
        default=list,
        help_text="The last run ends with an evaluation by these judges; without any, with none. "
        "At least one must not be the judge of the reward.",
    )
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)
    gate_reason = serializers.CharField(
        max_length=TrainingRun.MAX_REASON,
        default="",
        allow_blank=True,
        help_text="Why the run should start although the gate is not met.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        methods = attrs["plan"].split("_")
        for name in ("sft", "grpo"):
            if name in attrs and name not in methods:
                raise serializers.ValidationError({name: [f"This plan has no {name.upper()}."]})
        if "grpo_collection" in attrs and len(methods) == 1:
            raise serializers.ValidationError(
                {"grpo_collection": ["Only the plan sft_grpo has a second set."]}
            )
        return attrs


class ProgressSerializer(serializers.Serializer[queries.Progress]):
    done = serializers.IntegerField(help_text="Steps reported so far.")
    total = serializers.IntegerField()
    rollouts = serializers.IntegerField()
    step_s = serializers.FloatField(allow_null=True, help_text="Seconds per step, recently.")
    left = serializers.DurationField(allow_null=True)
    took = serializers.DurationField(allow_null=True)
    judge_failures = serializers.IntegerField()


class RecordedSerializer(serializers.Serializer[Any]):
    machine = serializers.CharField()
    date = serializers.DateField(help_text="The day on which the run ended.")
    took_s = serializers.FloatField(help_text="How long it trained, in seconds.")
    judge_hash = serializers.CharField(help_text="Of the files of the judge that scored it there.")
    is_same_judge = serializers.BooleanField(help_text="Whether that is `judge`.")


class TrainingSerializer(serializers.ModelSerializer[TrainingRun]):
    steps_done = serializers.IntegerField(source="done")
    spec_hash = serializers.CharField(source="spec.hash")
    gate = serializers.SerializerMethodField(
        help_text="Whether rubric and judge met the project's gate when the run was started; null "
        "while you still have texts to rate, as the reason is."
    )
    gate_reason = serializers.SerializerMethodField()
    followed_by = serializers.SerializerMethodField(help_text="The second run of a plan.")
    evaluation_judges = serializers.SerializerMethodField(
        help_text="The judges of the evaluation that the run ends with."
    )
    evaluation = serializers.SerializerMethodField(
        help_text="The evaluation that the run ended with."
    )
    recorded = serializers.SerializerMethodField(
        help_text="Of a run that was recorded elsewhere and is only shown: it has no checkpoints."
    )

    class Meta:
        model = TrainingRun
        fields: tuple[str, ...] = (
            "id", "number", "method", "status", "error", "base", "version", "spec_hash", "judge",
            "train_snapshot", "held_out_snapshot", "validation_snapshot", "settings",
            "then_snapshot", "then_settings", "follows", "followed_by", "evaluation_judges",
            "evaluation", "evaluation_problem", "recorded", "steps_done", "steps_total", "gate",
            "gate_reason",
            "created_at", "started_at", "ended_at", "cancel_requested_at", "attempt",
        )  # fmt: skip

    def get_followed_by(self, run: TrainingRun) -> UUID | None:
        following = queries.following(run)
        return following.pk if following else None

    def get_evaluation_judges(self, run: TrainingRun) -> list[UUID]:
        return [row.judge_id for row in run.evaluation_judges.all()]

    def get_evaluation(self, run: TrainingRun) -> UUID | None:
        ending = queries.ending(run)
        return ending.pk if ending else None

    @extend_schema_field(RecordedSerializer(allow_null=True))
    def get_recorded(self, run: TrainingRun) -> dict[str, Any] | None:
        return None if run.recorded is None else dict(RecordedSerializer(run.recorded).data)

    @extend_schema_field(serializers.ChoiceField(choices=TrainingRun.Gate.choices, allow_null=True))
    def get_gate(self, run: TrainingRun) -> str | None:
        return run.gate if self._shows_gate(run) else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_gate_reason(self, run: TrainingRun) -> str | None:
        return run.gate_reason if self._shows_gate(run) else None

    def _shows_gate(self, run: TrainingRun) -> bool:
        return run.gate == TrainingRun.Gate.NOT_SET or self.context["view"].sees_gates


class TrainingDetailSerializer(TrainingSerializer):
    progress = serializers.SerializerMethodField()
    usage = serializers.SerializerMethodField(help_text="What the judge was asked.")
    gate_checks = serializers.SerializerMethodField(
        help_text="Each rule with what was found then; null while you still have texts to rate."
    )

    class Meta(TrainingSerializer.Meta):
        fields = (*TrainingSerializer.Meta.fields, "progress", "usage", "gate_checks")

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, run: TrainingRun) -> dict[str, Any]:
        return dict(ProgressSerializer(queries.progress_of(run)).data)

    @extend_schema_field(UsageSerializer)
    def get_usage(self, run: TrainingRun) -> dict[str, Any]:
        return dict(UsageSerializer(usage_of_run(run.pk)).data)

    @extend_schema_field(GateCheckSerializer(many=True, allow_null=True))
    def get_gate_checks(self, run: TrainingRun) -> list[dict[str, Any]] | None:
        return run.gate_checks if self._shows_gate(run) else None


class PointSerializer(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    value = serializers.FloatField()


class SeriesSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()
    points = PointSerializer(many=True)


class MetricsSerializer(serializers.Serializer[Any]):
    series = SeriesSerializer(many=True)
    next_after = serializers.IntegerField(
        allow_null=True, help_text="Ask again with `after` at this step; null at the end."
    )


class RolloutSerializer(serializers.ModelSerializer[Rollout]):
    class Meta:
        model = Rollout
        fields = (
            "id", "step", "prompt_id", "index", "emotion", "prompt_tail", "raw", "spans", "format",
            "emotion_match", "rubric", "reward", "advantage", "scores", "cut",
        )  # fmt: skip
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "cut": {"help_text": "The oldest exchanges that the judge did not read, for length."}
        }


class RolloutFilter(django_filters.FilterSet):
    step = django_filters.NumberFilter()
    prompt_id = django_filters.CharFilter(max_length=64)

    class Meta:
        model = Rollout
        fields: ClassVar[list[str]] = []


class TrainingFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = TrainingRun
        fields: ClassVar[list[str]] = []
