"""The API of the audit log, for administrators."""

from typing import ClassVar

import django_filters
from django.urls import URLPattern, URLResolver, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.admin_api import AdminViewSet
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


urlpatterns: list[URLPattern | URLResolver] = [
    path("audit/", EntryViewSet.as_view({"get": "list"}), name="api_audit_list"),
]
