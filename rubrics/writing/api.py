"""The API of drafts: save, and what helps a program that writes, as the editor's own pages do."""

from typing import Any, ClassVar
from uuid import UUID

from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rubrics import access
from rubrics.core.example import example_of
from rubrics.core.spec import from_json, to_json
from rubrics.core.wording import findings_in_words
from rubrics.models import Rubric, RubricVersion
from rubrics.queries import text_of
from rubrics.serializers import ContentField, VersionTextSerializer, given
from rubrics.writing import queries, services
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import REVISION


class SaveSerializer(serializers.Serializer[Any]):
    content = ContentField()
    expected_revision = serializers.IntegerField(**REVISION.range)


class FindingSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning"])
    message = serializers.CharField()
    advice = serializers.CharField()


class FindingsSerializer(serializers.Serializer[Any]):
    findings = FindingSerializer(many=True)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": ["mine", "theirs"]},
            {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        ]
    }
)
class ChoiceOfTextField(serializers.JSONField):
    """`services.read_choices` reads it."""


class ToMergeSerializer(serializers.Serializer[Any]):
    base = ContentField(allow_null=True, help_text="The text that `content` was written from.")
    content = ContentField()
    choices = serializers.DictField(
        child=ChoiceOfTextField(),
        required=False,
        default=dict,
        help_text="By the key of a conflict: “mine”, “theirs”, or a text of your own.",
    )


class ConflictSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    where = serializers.CharField()
    what = serializers.CharField()
    mine = serializers.CharField()
    theirs = serializers.CharField()
    who = serializers.CharField(help_text="Who wrote their text.")
    is_text = serializers.BooleanField(help_text="Whether you can send a text of your own.")
    written = serializers.CharField(allow_null=True, help_text="The text of your own.")
    choice = serializers.CharField(allow_null=True)


class MergeSerializer(serializers.Serializer[Any]):
    content = ContentField(help_text="Where nothing is chosen yet, it has their text.")
    revision = serializers.IntegerField(help_text="The revision to send when you save it.")
    undecided = serializers.IntegerField()
    conflicts = ConflictSerializer(many=True)


class ToScoreSerializer(serializers.Serializer[Any]):
    content = ContentField()
    levels = serializers.DictField(child=serializers.IntegerField(), required=False, default=dict)


class ScoredSerializer(serializers.Serializer[Any]):
    total = serializers.FloatField(allow_null=True)
    without_gates = serializers.FloatField(allow_null=True)
    closed = serializers.ListField(child=serializers.CharField(), help_text="Gates, by uid.")


class DraftViewSet(ProjectViewSet):
    queryset = RubricVersion.objects.none()
    serializer_class = FindingsSerializer
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(("save", "merge"), access.WRITERS)

    @extend_schema(request=SaveSerializer, responses=VersionTextSerializer)
    def save(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Save the whole text of a draft. 409 if somebody else saved in between."""
        version = access.version_for(self.member, id)
        sent = given(SaveSerializer, request)
        saved = services.draft_save(version=version, actor=self.member.user, **sent)
        return Response(VersionTextSerializer(saved).data)

    @extend_schema(responses=FindingsSerializer)
    def findings(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """The errors that block publishing, and the warnings."""
        spec = from_json(text_of(access.version_for(self.member, id)))
        return Response(FindingsSerializer({"findings": findings_in_words(spec)}).data)

    @extend_schema(request=ToMergeSerializer, responses=MergeSerializer)
    def merge(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Your text and the saved one as one text. Saves nothing."""
        version = access.version_for(self.member, id)
        sent = given(ToMergeSerializer, request)
        base = sent["base"]
        mine = services.read_content(sent["content"])
        found = queries.merged(
            version,
            self.member.user,
            None if base is None else services.read_content(base),
            mine,
            services.read_choices(sent["choices"]),
        )
        merged = {
            "content": to_json(found.merge.spec),
            "revision": version.revision,
            "undecided": found.view.undecided,
            "conflicts": found.view.conflicts,
        }
        return Response(MergeSerializer(merged).data)


class ExampleViewSet(ProjectViewSet):
    queryset = Rubric.objects.none()
    serializer_class = ScoredSerializer
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"create": access.WRITERS}

    @extend_schema(request=ToScoreSerializer, responses=ScoredSerializer)
    def create(self, request: Request, **kwargs: Any) -> Response:
        """The total that a text gives to one level per criterion. Saves nothing."""
        sent = given(ToScoreSerializer, request)
        spec = services.read_content(sent["content"])
        found = example_of(spec, sent["levels"])
        return Response(
            {
                "total": found.total,
                "without_gates": found.without_gates,
                "closed": [c.uid for c in found.closed],
            }
        )


P = "projects/<uuid:project_id>/"
VERSION = P + "rubric-versions/<uuid:id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "rubrics/example/",
        ExampleViewSet.as_view({"post": "create"}),
        name="api_rubric_example",
    ),
    path(
        VERSION + "draft/",
        DraftViewSet.as_view({"put": "save"}),
        name="api_rubric_version_save",
    ),
    path(
        VERSION + "findings/",
        DraftViewSet.as_view({"get": "findings"}),
        name="api_rubric_version_findings",
    ),
    path(
        VERSION + "merge/",
        DraftViewSet.as_view({"post": "merge"}),
        name="api_rubric_version_merge",
    ),
]
