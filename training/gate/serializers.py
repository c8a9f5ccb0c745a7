"""The gate's rules and what was found, as the API gives and takes them."""

from typing import Any

from rest_framework import serializers

from rubrics.core.drafts import MAX_ID
from training.gate.limits import ITEMS, LEAST
from training.models import GateRule, TrainingRun


class GateRuleSerializer(serializers.ModelSerializer[GateRule]):
    class Meta:
        model = GateRule
        fields = (
            "id", "about", "rubric", "criterion", "statistic", "least", "items", "created_at",
        )  # fmt: skip


class NewGateRuleSerializer(serializers.Serializer[Any]):
    about = serializers.ChoiceField(
        choices=GateRule.About.choices,
        help_text="battery: the judge passed the battery by this rubric version; it takes nothing "
        "else. people, judge: agreement of people with each other, and of the judge with them.",
    )
    rubric = serializers.UUIDField(required=False)
    criterion = serializers.CharField(
        max_length=MAX_ID,
        default="",
        allow_blank=True,
        help_text="The uid of one; empty for each criterion of the rubric.",
    )
    statistic = serializers.ChoiceField(choices=GateRule.Statistic.choices, required=False)
    least = serializers.FloatField(
        **LEAST.range, required=False, help_text="Of the lower end of the 95 % interval."
    )
    items = serializers.IntegerField(
        **ITEMS.range, required=False, help_text="How many items must have been compared."
    )


class GateCheckSerializer(serializers.Serializer[Any]):
    about = serializers.ChoiceField(choices=GateRule.About.choices)
    met = serializers.BooleanField()
    why = serializers.CharField(help_text="Why it is not met, or what the battery found.")
    criterion = serializers.CharField(help_text="Its name; empty for the battery.")
    criterion_uid = serializers.CharField()
    statistic = serializers.CharField()
    least = serializers.FloatField(allow_null=True)
    items = serializers.IntegerField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(allow_null=True, help_text="Items that were compared.")
    groups = serializers.IntegerField(
        allow_null=True, help_text="How many profiles or dialogues the interval is drawn from."
    )
    unit = serializers.CharField(help_text="Which of both.")
    skipped = serializers.IntegerField(
        help_text="Texts with a level of people on which the judge says that it does not apply."
    )


class GateChecksSerializer(serializers.Serializer[Any]):
    gate = serializers.ChoiceField(choices=TrainingRun.Gate.choices, source="state")
    checks = GateCheckSerializer(many=True)
