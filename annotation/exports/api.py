"""The API of exports: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.exports import queries, services
from annotation.exports.access import export_for, file_for
from annotation.exports.downloads import file_response
from annotation.exports.limits import FORMATS, MAX_FILTER
from annotation.exports.registry import Choice
from annotation.exports.writers import MEDIA_TYPES
from annotation.models import ExportRun
from webapp.accounts.project_api import ProjectViewSet
from webapp.runs.api import (
    IDEMPOTENCY_KEY,
    RUN_FIELDS,
    RunProgressSerializer,
    RunViewSet,
    idempotency_key,
    run_paths,
)
from webapp.runs.models import Status


class ExportFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)
    table = django_filters.CharFilter(max_length=40)

    class Meta:
        model = ExportRun
        fields: ClassVar[list[str]] = []


class ExportSerializer(serializers.ModelSerializer[ExportRun]):
    has_file = serializers.BooleanField(help_text="Whether it can be downloaded.")

    class Meta:
        model = ExportRun
        fields = (
            *RUN_FIELDS, "table", "format", "filters", "about", "taken_at", "rows_written",
            "columns", "sha256", "size", "keep_until", "removed_at", "has_file",
        )  # fmt: skip


class ExportDetailSerializer(ExportSerializer):
    progress = RunProgressSerializer(source="state.progress")

    class Meta(ExportSerializer.Meta):
        fields = (*ExportSerializer.Meta.fields, "progress")


class NewExportSerializer(serializers.Serializer[Any]):
    table = serializers.CharField(max_length=40, help_text="A name from `exports/tables/`.")
    format = serializers.ChoiceField(choices=FORMATS)
    filters = serializers.DictField(
        child=serializers.CharField(max_length=MAX_FILTER, allow_blank=True),
        default=dict,
        help_text="By name, as the table has them: ids of rows, or values.",
    )


class ExportColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField(help_text="text, integer, number, time or list")
    meaning = serializers.CharField()


class ExportTableColumnSerializer(ExportColumnSerializer):
    parts = ExportColumnSerializer(many=True, help_text="The columns of a list’s records.")


class ExportChoiceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    values = serializers.SerializerMethodField()

    def get_values(self, choice: Choice) -> list[str]:
        return [value for value, _ in choice.values]


class ExportTableSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    row = serializers.CharField(help_text="What one row is.")
    filters = serializers.ListField(child=serializers.CharField())
    choices = ExportChoiceSerializer(many=True, help_text="Filters with a fixed list of values.")
    columns = ExportTableColumnSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class ExportTableViewSet(ProjectViewSet):
    """The tables that you may export, with their columns and filters."""

    queryset = ExportRun.objects.none()
    serializer_class = ExportTableSerializer
    pagination_class = None

    @extend_schema(responses=ExportTableSerializer(many=True))
    def list(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.get_serializer(queries.tables_for(self.member), many=True).data)


class ExportViewSet(RunViewSet):
    """Your own exports."""

    queryset = ExportRun.objects.none()
    serializer_class = ExportSerializer
    detail_serializer_class = ExportDetailSerializer
    filterset_class = ExportFilter

    def rows(self) -> QuerySet[ExportRun]:
        return queries.exports_of(self.member)

    @extend_schema(
        request=NewExportSerializer,
        responses={201: ExportDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Start an export of what you may see. 403 for a table that your roles don't allow."""
        given = NewExportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        run = services.export_start(
            member=self.member, key=idempotency_key(request), **given.validated_data
        )
        return self.shown(run.pk, status=201)

    @extend_schema(
        responses={(200, kind.split(";")[0]): OpenApiTypes.BINARY for kind in MEDIA_TYPES.values()}
    )
    def download(self, request: Request, id: UUID, **kwargs: Any) -> StreamingHttpResponse:
        """The file. 404 until the export has finished, and when the file was removed."""
        return file_response(file_for(self.member, id), actor=self.member.user)

    @extend_schema(request=None)
    def remove(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Remove the file before its time. 409 if there is none."""
        services.export_remove(run=export_for(self.member, id), actor=self.member.user)
        return self.shown(id)

    def one(self, pk: UUID) -> ExportRun:
        run: Any = export_for(self.member, pk)
        run.state = queries.state_of(run)
        return run


P = "projects/<uuid:project_id>/exports/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(P, ExportViewSet, "api_export"),
    path(P + "tables/", ExportTableViewSet.as_view({"get": "list"}), name="api_export_tables"),
    path(
        P + "<uuid:id>/download/",
        ExportViewSet.as_view({"get": "download"}),
        name="api_export_download",
    ),
    path(
        P + "<uuid:id>/remove/", ExportViewSet.as_view({"post": "remove"}), name="api_export_remove"
    ),
]
