"""The API of rubrics, below `/api/`."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rubrics import access, queries, services
from rubrics.drafts import MAX_TITLE
from rubrics.models import Rubric, RubricVersion, Spec
from rubrics.services.publishing import MAX_NOTE
from webapp.accounts.project_api import ProjectViewSet

MAX_REVISION = 2**31 - 1


@extend_schema_field(OpenApiTypes.OBJECT)
class ContentField(serializers.JSONField):
    """A rubric in the form of rubrics.spec. The service reads it strictly."""


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


class NewRubricSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=MAX_TITLE)
    content = ContentField(required=False, allow_null=True, default=None)


class SaveSerializer(serializers.Serializer[Any]):
    content = ContentField()
    expected_revision = serializers.IntegerField(min_value=0, max_value=MAX_REVISION)


class SeenSerializer(serializers.Serializer[Any]):
    expected_revision = serializers.IntegerField(
        min_value=0,
        max_value=MAX_REVISION,
        required=False,
        help_text="Refuse where the draft has another revision.",
    )


class PublishSerializer(SeenSerializer):
    meaning_changed = serializers.DictField(
        child=serializers.BooleanField(),
        required=False,
        help_text="By uid, for each criterion that was published with another text: whether "
        "it means something else.",
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


class RubricFilter(filters.FilterSet):
    name = filters.CharFilter(lookup_expr="icontains", max_length=MAX_TITLE)

    class Meta:
        model = Rubric
        fields = ("name",)


class VersionFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=RubricVersion.Status.choices)

    class Meta:
        model = RubricVersion
        fields = ("status",)


class RubricViewSet(ProjectViewSet):
    queryset = Rubric.objects.none()
    serializer_class = RubricSerializer
    filterset_class = RubricFilter
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"create": access.WRITERS}

    def get_queryset(self) -> QuerySet[Rubric]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return access.visible_rubrics(self.member)

    def list(self, request: Request, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return Response(self.get_serializer(access.rubric_for(self.member, id)).data)

    @extend_schema(request=NewRubricSerializer, responses={201: RubricSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        sent = given(NewRubricSerializer, request)
        rubric = services.rubric_create(project=self.member.project, actor=self.member.user, **sent)
        shown = access.rubric_for(self.member, rubric.pk)
        return Response(self.get_serializer(shown).data, status=201)


class RubricVersionViewSet(ProjectViewSet):
    """The versions of one rubric."""

    queryset = RubricVersion.objects.none()
    serializer_class = VersionSerializer
    filterset_class = VersionFilter
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"create": access.WRITERS}

    def list(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        rubric = access.rubric_for(self.member, id)
        found = access.visible_versions(self.member).filter(rubric=rubric)
        page = self.paginate_queryset(self.filter_queryset(found))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=None, responses={201: VersionTextSerializer})
    def create(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Open a new draft from the version in use."""
        rubric = access.rubric_for(self.member, id)
        version = services.draft_open(rubric=rubric, actor=self.member.user)
        return Response(VersionTextSerializer(version).data, status=201)


class VersionViewSet(ProjectViewSet):
    queryset = RubricVersion.objects.none()
    serializer_class = VersionTextSerializer
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(
        ("save", "send_for_review", "withdraw", "approve", "publish", "archive"), access.WRITERS
    )

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return self._shown(access.version_for(self.member, id))

    @extend_schema(request=SaveSerializer)
    def save(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Keep the whole text of a draft. 409 where somebody else saved in between."""
        version = access.version_for(self.member, id)
        sent = given(SaveSerializer, request)
        return self._shown(services.draft_save(version=version, actor=self.member.user, **sent))

    @extend_schema(request=SeenSerializer)
    def send_for_review(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        version = access.version_for(self.member, id)
        sent = given(SeenSerializer, request)
        return self._shown(
            services.version_send_for_review(version=version, actor=self.member.user, **sent)
        )

    @extend_schema(request=None)
    def withdraw(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        version = access.version_for(self.member, id)
        return self._shown(
            services.version_withdraw_from_review(version=version, actor=self.member.user)
        )

    @extend_schema(request=SeenSerializer)
    def approve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        version = access.version_for(self.member, id)
        sent = given(SeenSerializer, request)
        return self._shown(
            services.version_approve(version=version, actor=self.member.user, **sent)
        )

    @extend_schema(request=PublishSerializer)
    def publish(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        version = access.version_for(self.member, id)
        sent = given(PublishSerializer, request)
        return self._shown(
            services.version_publish(version=version, actor=self.member.user, **sent)
        )

    @extend_schema(request=None)
    def archive(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        version = access.version_for(self.member, id)
        return self._shown(services.version_archive(version=version, actor=self.member.user))

    def _shown(self, version: RubricVersion) -> Response:
        return Response(VersionTextSerializer(version).data)


class SpecViewSet(ProjectViewSet):
    """The frozen text that a score, a judge call or a run names by its hash."""

    queryset = Spec.objects.none()
    serializer_class = SpecSerializer
    lookup_field = "hash"

    def retrieve(self, request: Request, hash: str, **kwargs: Any) -> Response:
        found = access.visible_specs(self.member).filter(hash=hash).first()
        if found is None:
            raise Http404
        return Response(self.get_serializer(found).data)


def given(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)
