"""The API of the audit log, for administrators."""

from typing import ClassVar

import django_filters
from django.http import StreamingHttpResponse
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.admin_api import AdminViewSet
from webapp.audit.downloads import csv_response
from webapp.audit.models import Entry


class EntrySerializer(serializers.ModelSerializer[Entry]):
    class Meta:
        model = Entry
        fields = (
            "id", "at", "action", "actor", "project_id", "object_kind", "object_id", "address",
            "token_id", "details",
        )  # fmt: skip


class EntryFilter(django_filters.FilterSet):
    action = django_filters.CharFilter()
    actor = django_filters.UUIDFilter(field_name="actor_id")
    project = django_filters.UUIDFilter(field_name="project_id")
    object = django_filters.CharFilter(field_name="object_id")
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = Entry
        fields: ClassVar[list[str]] = []


class EntryViewSet(AdminViewSet):
    """Who did what to which object, newest first."""

    queryset = Entry.objects.all()
    serializer_class = EntrySerializer
    filterset_class = EntryFilter

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
        filters=True,
        operation_id="audit_export",
    )
    def export(self, request: Request) -> StreamingHttpResponse:
        """All entries that the filters leave, as a CSV with names and words beside the ids."""
        found = self.filter_queryset(self.get_queryset()).select_related("actor").order_by("-id")
        return csv_response(found, actor=request.user)


urlpatterns: list[URLPattern | URLResolver] = [
    path("audit/", EntryViewSet.as_view({"get": "list"}), name="api_audit_list"),
    path("audit/export/", EntryViewSet.as_view({"get": "export"}), name="api_audit_export"),
]
