"""The API of proposals for a draft."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models import Suggestion, SuggestionRun
from annotation.suggestions import services
from annotation.suggestions.access import suggestion_for
from annotation.suggestions.queries import proposals_of, proposed
from rubrics.access import WRITERS, version_for
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import REVISION
from webapp.llm.access import endpoint_for
from webapp.runs.api import IDEMPOTENCY_KEY, RUN_FIELDS, RunViewSet, idempotency_key


@extend_schema_field(OpenApiTypes.OBJECT)
class ContentField(serializers.JSONField):
    """`{"anchor": "..."}`, or of a new criterion its name, description and levels."""


class SuggestionRunSerializer(serializers.ModelSerializer[SuggestionRun]):
    status = serializers.CharField(read_only=True)
    spec = serializers.CharField(source="spec.hash")

    class Meta:
        model = SuggestionRun
        fields = (*RUN_FIELDS, "version", "spec", "endpoint")


class SourceSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    text = serializers.CharField()
    people = serializers.ListField(child=serializers.FloatField())
    others = serializers.ListField(child=serializers.FloatField())


class SuggestionSerializer(serializers.Serializer[Any]):
    """A proposal. If you still have to rate one of its texts, reason and texts are hidden."""

    id = serializers.UUIDField(source="suggestion.pk")
    run = serializers.UUIDField(source="suggestion.run_id")
    kind = serializers.CharField(source="suggestion.kind")
    uid = serializers.CharField(source="suggestion.uid")
    level = serializers.IntegerField(source="suggestion.level", allow_null=True)
    present = serializers.CharField(allow_null=True)
    content = ContentField(source="suggestion.content")
    edited = ContentField(source="suggestion.edited", allow_null=True)
    reason = serializers.CharField()
    sources = SourceSerializer(many=True)
    state = serializers.CharField(source="suggestion.state")
    decided_by = serializers.UUIDField(source="suggestion.decided_by_id", allow_null=True)
    decided_at = serializers.DateTimeField(source="suggestion.decided_at", allow_null=True)


class NewSuggestionRunSerializer(serializers.Serializer[Any]):
    endpoint = serializers.UUIDField()


class AcceptSerializer(serializers.Serializer[Any]):
    expected_revision = serializers.IntegerField(**REVISION.range)
    content = ContentField(
        required=False, help_text="The proposal with your changes, in the same form as its content."
    )


class SuggestionViewSet(ProjectViewSet):
    queryset = Suggestion.objects.none()
    serializer_class = SuggestionSerializer
    pagination_class = None
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(
        ("list", "start", "accept", "reject"), WRITERS
    )

    def list(self, request: Request, **kwargs: Any) -> Response:
        """The proposals for a version, the latest run's first."""
        found = proposals_of(version_for(self.member, kwargs["id"]), self.member)
        return Response(SuggestionSerializer(found, many=True).data)

    @extend_schema(
        request=NewSuggestionRunSerializer,
        responses={201: SuggestionRunSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def start(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Show a model the texts whose raters differ most."""
        version = version_for(self.member, id)
        given = NewSuggestionRunSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        run = services.suggest_start(
            version=version,
            member=self.member,
            key=idempotency_key(request),
            endpoint=endpoint_for(self.member, given.validated_data["endpoint"]),
        )
        return Response(SuggestionRunSerializer(run).data, status=201)

    @extend_schema(request=AcceptSerializer)
    def accept(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Accept a proposal into the draft. 409 if somebody else saved in between."""
        suggestion = suggestion_for(self.member, id)
        given = AcceptSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.suggestion_accept(
            suggestion=suggestion,
            actor=self.member.user,
            expected_revision=given.validated_data["expected_revision"],
            edited=given.validated_data.get("content"),
        )
        return self._shown(id)

    @extend_schema(request=None)
    def reject(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        suggestion = suggestion_for(self.member, id)
        services.suggestion_reject(suggestion=suggestion, actor=self.member.user)
        return self._shown(id)

    def _shown(self, pk: UUID) -> Response:
        suggestion = suggestion_for(self.member, pk)
        (shown,) = proposed([suggestion], suggestion.version, self.member)
        return Response(SuggestionSerializer(shown).data)


class SuggestionRunViewSet(RunViewSet):
    queryset = SuggestionRun.objects.none()
    serializer_class = SuggestionRunSerializer

    def rows(self) -> QuerySet[SuggestionRun]:
        return SuggestionRun.objects.filter(project=self.member.project).select_related("spec")


P = "projects/<uuid:project_id>/"
VERSION = f"{P}rubric-versions/<uuid:id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        f"{VERSION}suggestions/",
        SuggestionViewSet.as_view({"get": "list", "post": "start"}),
        name="api_suggestions",
    ),
    path(
        f"{P}suggestion-runs/<uuid:id>/",
        SuggestionRunViewSet.as_view({"get": "retrieve"}),
        name="api_suggestion_run",
    ),
    path(
        f"{P}suggestion-runs/<uuid:id>/cancel/",
        SuggestionRunViewSet.as_view({"post": "cancel"}),
        name="api_suggestion_run_cancel",
    ),
    path(
        f"{P}suggestions/<uuid:id>/accept/",
        SuggestionViewSet.as_view({"post": "accept"}),
        name="api_suggestion_accept",
    ),
    path(
        f"{P}suggestions/<uuid:id>/reject/",
        SuggestionViewSet.as_view({"post": "reject"}),
        name="api_suggestion_reject",
    ),
]
