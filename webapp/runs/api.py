"""What the API of every kind of run shares."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from webapp.ids import new_id

KEY_HEADER = "Idempotency-Key"
MAX_KEY = 64

IDEMPOTENCY_KEY = OpenApiParameter(
    KEY_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The same key again is the same run; at most 64 characters.",
)

# What every kind of run tells of itself.
RUN_FIELDS = (
    "id", "number", "status", "error", "attempt", "created_at", "started_at", "ended_at",
)  # fmt: skip


def idempotency_key(request: Request) -> str:
    """The request's key, or one of its own. Raises ValidationError for one that is too long."""
    key = request.headers.get(KEY_HEADER, "").strip()
    if len(key) > MAX_KEY or not key.isprintable():
        raise serializers.ValidationError(
            {KEY_HEADER: [f"Send at most {MAX_KEY} printable characters."]}
        )
    return key or new_id().hex


class RunProgressSerializer(serializers.Serializer[Any]):
    """How far a run is, counted from its rows, in its smallest units: turns, texts."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    rate_a_minute = serializers.FloatField(source="rate", allow_null=True)
    seconds_left = serializers.SerializerMethodField()
    seconds_worked = serializers.SerializerMethodField()

    def get_seconds_left(self, progress: Any) -> float | None:
        return None if progress.left is None else progress.left.total_seconds()

    def get_seconds_worked(self, progress: Any) -> float | None:
        return None if progress.took is None else progress.took.total_seconds()
