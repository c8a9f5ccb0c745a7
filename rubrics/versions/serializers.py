"""What the API shows and takes of versions."""

from typing import Any

from rest_framework import serializers

from rubrics.core.drafts import MAX_TITLE
from rubrics.models import Spec
from rubrics.serializers import ContentField, SeenSerializer
from rubrics.versions import queries
from rubrics.versions.services.publishing import MAX_NOTE
from rubrics.versions.services.reviewing import MAX_WORDS
from webapp.limits import REVISION


class NewRubricSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=MAX_TITLE)
    content = ContentField(required=False, allow_null=True, default=None)


class PublishSerializer(SeenSerializer):
    meaning_changed = serializers.DictField(
        child=serializers.BooleanField(),
        required=False,
        help_text="By uid, for each criterion that was published with another text: whether "
        "its meaning changed.",
    )
    change_note = serializers.CharField(
        max_length=MAX_NOTE, required=False, allow_blank=True, default=""
    )


class SpecSerializer(serializers.ModelSerializer[Spec]):
    content = ContentField(read_only=True)

    class Meta:
        model = Spec
        fields = ("hash", "spec_format", "content", "created_at")
        read_only_fields = fields


class PieceSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["same", "gone", "new"])
    text = serializers.CharField()


class DifferenceSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()
    level = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    pieces = PieceSerializer(many=True)


class CriterionDiffSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField()
    name = serializers.CharField()
    effect = serializers.ChoiceField(["new", "removed", "meaning", "wording", "total", "moved"])
    moved = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="Place before and now."
    )
    differences = DifferenceSerializer(many=True)


class CompareSerializer(serializers.Serializer[Any]):
    old = serializers.UUIDField()
    new = serializers.UUIDField()
    finding = serializers.CharField()
    frame = DifferenceSerializer(many=True, help_text="Title, purpose, guidance, formula.")
    criteria = CriterionDiffSerializer(many=True)


class BlamedSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(source="fact.key")
    label = serializers.CharField(source="fact.label")
    text = serializers.CharField(source="fact.text")
    version = serializers.IntegerField(source="version.number")
    written_by = serializers.UUIDField(source="version.saved_by_id", allow_null=True)
    change_note = serializers.CharField(source="version.change_note")


class BlameSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField()
    name = serializers.CharField()
    gone_since = serializers.IntegerField(source="gone_since.number", default=None, allow_null=True)
    parts = BlamedSerializer(many=True, source="fields")


class CarriedRatingsSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField()
    name = serializers.CharField()
    ratings = serializers.IntegerField(help_text="Ratings of people that it has now.")
    outcome = serializers.SerializerMethodField(
        help_text="carries, ask (say in `meaning_changed`) or does_not_count."
    )
    suggested = serializers.SerializerMethodField(
        help_text="Whether the text suggests another meaning."
    )

    def get_outcome(self, carried: queries.CarriedRatings) -> str:
        if carried.question is None:
            return "carries"
        return "does_not_count" if carried.question.forced else "ask"

    def get_suggested(self, carried: queries.CarriedRatings) -> bool:
        return carried.question is not None and carried.question.suggested


class ConsequencesSerializer(serializers.Serializer[Any]):
    carried = CarriedRatingsSerializer(many=True)
    new = serializers.ListField(child=serializers.CharField())


class RefuseSerializer(SeenSerializer):
    words = serializers.CharField(max_length=MAX_WORDS)


class RestoreSerializer(serializers.Serializer[Any]):
    set_aside_revision = serializers.IntegerField(
        **REVISION.range,
        required=False,
        help_text="The revision of the open draft that is archived to make room.",
    )


class CopySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=MAX_TITLE)
    project = serializers.UUIDField(
        required=False, help_text="Another project in which you write rubrics."
    )
