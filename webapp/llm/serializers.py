"""How the API shows endpoints, their tests and prices, calls and what they cost."""

from typing import Any, ClassVar

from rest_framework import serializers

from webapp.llm import queries
from webapp.llm.limits import CONCURRENCY, DECIMALS, DIGITS, MAX_API_KEY, TIMEOUT_S
from webapp.llm.models import Endpoint, EndpointTest, ModelCall, Price


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    api_key = serializers.CharField(
        write_only=True,
        required=False,
        max_length=MAX_API_KEY,
        help_text="Stored encrypted, never shown. Removed if the scheme, host or port changes.",
    )
    key = serializers.SerializerMethodField(help_text="none, set, or lost: enter it again.")
    max_concurrency = serializers.IntegerField(**CONCURRENCY.range, default=CONCURRENCY.default)
    timeout_s = serializers.IntegerField(**TIMEOUT_S.range, default=TIMEOUT_S.default)

    class Meta:
        model = Endpoint
        fields = (
            "id", "name", "base_url", "model", "api_key", "key", "max_concurrency", "timeout_s",
            "paused_until", "pause_reason", "adaptations", "created_at",
        )  # fmt: skip
        read_only_fields = ("id", "paused_until", "pause_reason", "adaptations", "created_at")
        # The service refuses a name that is taken.
        validators: ClassVar[list[Any]] = []

    def get_key(self, endpoint: Endpoint) -> str:
        return queries.key_state(endpoint)


class CapabilitySerializer(serializers.Serializer[Any]):
    support = serializers.ChoiceField(choices=EndpointTest.Support.choices)
    said = serializers.CharField(help_text="Why not, in words.")


class EndpointTestSerializer(serializers.ModelSerializer[EndpointTest]):
    """`ended_at` is null until a worker has made it."""

    capabilities = serializers.DictField(
        child=CapabilitySerializer(), help_text=f"By name: {', '.join(queries.CAPABILITIES)}."
    )

    class Meta:
        model = EndpointTest
        fields = (
            "id", "asked_at", "ended_at", "base_url", "model", "reply", "error", "latency_ms",
            "context_length", "capabilities",
        )  # fmt: skip


class PriceSerializer(serializers.ModelSerializer[Price]):
    """Per million tokens, from a day on (UTC)."""

    prompt = serializers.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS, min_value=0)
    completion = serializers.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS, min_value=0)
    currency = serializers.CharField(
        max_length=Price.MAX_CURRENCY, help_text="A short text, such as EUR."
    )

    class Meta:
        model = Price
        fields = ("id", "since", "prompt", "completion", "currency", "created_at")
        read_only_fields = ("id", "created_at")


class CostSerializer(serializers.Serializer[Any]):
    amount = serializers.DecimalField(max_digits=None, decimal_places=6)
    currency = serializers.CharField()


class UsageSerializer(serializers.Serializer[Any]):
    """Counted from the calls' rows, with the price that held when each was made."""

    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    retries = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    unpriced = serializers.IntegerField(help_text="Calls whose endpoint had no price.")
    costs = CostSerializer(many=True, help_text="One for each currency.")


class CallSerializer(serializers.ModelSerializer[ModelCall]):
    """One request as lists show it."""

    class Meta:
        model = ModelCall
        fields: ClassVar[tuple[str, ...]] = (
            "id", "endpoint", "purpose", "run_kind", "run_id", "made_for", "form", "retries",
            "error", "latency_ms", "prompt_tokens", "completion_tokens", "cached_tokens",
            "asked_at", "created_at",
        )  # fmt: skip


class CallDetailSerializer(CallSerializer):
    class Meta(CallSerializer.Meta):
        fields = (*CallSerializer.Meta.fields, "request", "reply")
