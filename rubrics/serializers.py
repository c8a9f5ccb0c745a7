"""Rubrics and their versions as the API shows them."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from rubrics import queries
from rubrics.models import Rubric, RubricVersion
from webapp.limits import REVISION


@extend_schema_field(OpenApiTypes.OBJECT)
class ContentField(serializers.JSONField):
    """A rubric in the form of rubrics.core.spec. The service reads it strictly."""


class VersionSerializer(serializers.ModelSerializer[RubricVersion]):
    status = serializers.CharField(read_only=True)
    spec = serializers.CharField(source="spec.hash", default=None, read_only=True, allow_null=True)

    class Meta:
        model = RubricVersion
        fields = (
            "id",
            "rubric",
            "number",
            "status",
            "revision",
            "spec",
            "author",
            "saved_by",
            "approved_by",
            "self_approved",
            "published_by",
            "change_note",
            "created_at",
            "saved_at",
            "published_at",
        )
        read_only_fields = fields


class VersionTextSerializer(VersionSerializer):
    content = serializers.SerializerMethodField()

    class Meta(VersionSerializer.Meta):
        fields = (*VersionSerializer.Meta.fields, "content")
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_content(self, version: RubricVersion) -> dict[str, Any]:
        return queries.text_of(version)


class RubricSerializer(serializers.ModelSerializer[Rubric]):
    versions = VersionSerializer(source="shown", many=True, read_only=True)

    class Meta:
        model = Rubric
        fields = ("id", "number", "name", "created_by", "created_at", "versions")
        read_only_fields = fields


class SeenSerializer(serializers.Serializer[Any]):
    expected_revision = serializers.IntegerField(
        **REVISION.range,
        required=False,
        help_text="Refuse if the draft has another revision.",
    )


def given(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)
