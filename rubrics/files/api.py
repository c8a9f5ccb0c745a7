"""The API of rubrics from files and into files."""

from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, path
from django.utils.text import slugify
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rubrics import access
from rubrics.core import formats
from rubrics.core.drafts import MAX_TITLE
from rubrics.core.spec import to_json
from rubrics.models import RubricVersion
from rubrics.queries import spec_of
from rubrics.serializers import VersionTextSerializer, given
from rubrics.versions import services
from rubrics.writing.services import rubric_create
from webapp.accounts.project_api import ProjectViewSet

_READ = [each.name for each in formats.FORMATS.values() if each.read]


class RubricExportSerializer(serializers.Serializer[Any]):
    file_name = serializers.CharField()
    format = serializers.CharField()
    text = serializers.CharField()
    losses = serializers.ListField(
        child=serializers.CharField(), help_text="What the format leaves out."
    )


class RubricFileSerializer(serializers.Serializer[Any]):
    format = serializers.ChoiceField(_READ)
    text = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(max_length=MAX_TITLE, required=False, default="")
    rubric = serializers.UUIDField(
        required=False,
        help_text="The rubric that gets a new draft. Leave it out for a new rubric.",
    )


class RubricExportViewSet(ProjectViewSet):
    """The text of a version as a file."""

    queryset = RubricVersion.objects.none()
    serializer_class = RubricExportSerializer
    lookup_field = "id"

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=list(formats.FORMATS), required=True)],
        responses=RubricExportSerializer,
    )
    def export(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        version = access.version_for(self.member, id)
        wanted = request.query_params.get("as", "")
        if wanted not in formats.FORMATS:
            names = ", ".join(formats.FORMATS)
            raise serializers.ValidationError({"as": f"One of {names} was expected."})
        spec = spec_of(version)
        name = slugify(spec.title)[:60] or "rubric"
        return Response(
            RubricExportSerializer(
                {
                    "file_name": f"{name}-{version.number}.{formats.FORMATS[wanted].suffix}",
                    "format": wanted,
                    "text": formats.write(spec, wanted),
                    "losses": formats.losses(spec, wanted),
                }
            ).data
        )


class RubricImportViewSet(ProjectViewSet):
    queryset = RubricVersion.objects.none()
    serializer_class = VersionTextSerializer
    roles = {"create": access.WRITERS}

    @extend_schema(request=RubricFileSerializer, responses={201: VersionTextSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Read a file into a new rubric's draft, or into a new draft of an existing rubric."""
        wanted = given(RubricFileSerializer, request)
        title = wanted["name"].strip() or "Imported rubric"
        try:
            spec = formats.read(wanted["text"].encode(), wanted["format"], title=title)
        except (formats.BadFile, UnicodeEncodeError) as bad:
            raise serializers.ValidationError({"text": str(bad)}) from bad
        actor = self.member.user
        if "rubric" in wanted:
            rubric = access.rubric_for(self.member, wanted["rubric"])
            version = services.draft_import(rubric=rubric, actor=actor, spec=spec)
        else:
            name = wanted["name"].strip() or spec.title
            version = rubric_create(
                project=self.member.project, actor=actor, name=name, content=to_json(spec)
            ).versions.get()
        return Response(self.get_serializer(version).data, status=201)


P = "projects/<uuid:project_id>/"
VERSION = P + "rubric-versions/<uuid:id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "rubrics/import/",
        RubricImportViewSet.as_view({"post": "create"}),
        name="api_rubric_import",
    ),
    path(
        VERSION + "export/",
        RubricExportViewSet.as_view({"get": "export"}),
        name="api_rubric_version_export",
    ),
]
