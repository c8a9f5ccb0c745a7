"""The API of rubrics and their versions, below `/api/`."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.urls import URLPattern, URLResolver, path
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rubrics import access
from rubrics.core.diff import in_one_sentence
from rubrics.core.drafts import MAX_TITLE
from rubrics.models import Rubric, RubricVersion, Spec
from rubrics.queries import spec_of
from rubrics.serializers import (
    RubricSerializer,
    SeenSerializer,
    VersionSerializer,
    VersionTextSerializer,
    given,
)
from rubrics.versions import queries, services
from rubrics.versions.serializers import (
    BlameSerializer,
    CompareSerializer,
    ConsequencesSerializer,
    CopySerializer,
    NewRubricSerializer,
    PublishSerializer,
    RefuseSerializer,
    RestoreSerializer,
    SpecSerializer,
)
from rubrics.writing.services import draft_open, rubric_create
from webapp.accounts.access import find_member
from webapp.accounts.project_api import ProjectViewSet
from webapp.errors import Refused
from webapp.text import storable


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

    def rows(self) -> QuerySet[Rubric]:
        return access.visible_rubrics(self.member)

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return Response(self.get_serializer(access.rubric_for(self.member, id)).data)

    @extend_schema(request=NewRubricSerializer, responses={201: RubricSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        sent = given(NewRubricSerializer, request)
        rubric = rubric_create(project=self.member.project, actor=self.member.user, **sent)
        shown = access.rubric_for(self.member, rubric.pk)
        return Response(self.get_serializer(shown).data, status=201)


class RubricVersionViewSet(ProjectViewSet):
    """The versions of one rubric."""

    queryset = RubricVersion.objects.none()
    serializer_class = VersionSerializer
    filterset_class = VersionFilter
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"create": access.WRITERS}

    def rows(self) -> QuerySet[RubricVersion]:
        rubric = access.rubric_for(self.member, self.kwargs["id"])
        return access.visible_versions(self.member).filter(rubric=rubric)

    @extend_schema(request=None, responses={201: VersionTextSerializer})
    def create(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Open a new draft from the version in use."""
        rubric = access.rubric_for(self.member, id)
        version = draft_open(rubric=rubric, actor=self.member.user)
        return Response(VersionTextSerializer(version).data, status=201)


class VersionViewSet(ProjectViewSet):
    queryset = RubricVersion.objects.none()
    serializer_class = VersionTextSerializer
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(
        ("send_for_review", "withdraw", "approve", "publish", "archive"), access.WRITERS
    )

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return self._shown(access.version_for(self.member, id))

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


class RubricHistoryViewSet(ProjectViewSet):
    """What differs between two versions, and who wrote what."""

    queryset = Rubric.objects.none()
    serializer_class = CompareSerializer
    lookup_field = "id"

    @extend_schema(
        parameters=[
            OpenApiParameter("old", OpenApiTypes.UUID, required=True),
            OpenApiParameter("new", OpenApiTypes.UUID, required=True),
        ],
        responses=CompareSerializer,
    )
    def compare(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        rubric = access.rubric_for(self.member, id)
        versions = {str(v.pk): v for v in access.versions_with_texts(self.member, rubric)}
        wanted = [request.query_params.get(name, "") for name in ("old", "new")]
        if not all(wanted):
            raise serializers.ValidationError({"old": "Name two versions, as old and new."})
        if not all(each in versions for each in wanted):
            raise Http404
        old, new = (versions[each] for each in wanted)
        diff = queries.difference(old, new)
        return Response(
            CompareSerializer(
                {
                    "old": old.pk,
                    "new": new.pk,
                    "finding": in_one_sentence(diff),
                    "frame": diff.frame,
                    "criteria": diff.criteria,
                }
            ).data
        )

    @extend_schema(
        parameters=[OpenApiParameter("criterion", str, required=True)], responses=BlameSerializer
    )
    def blame(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        rubric = access.rubric_for(self.member, id)
        if "criterion" not in request.query_params:
            raise serializers.ValidationError({"criterion": "Name a criterion by its uid."})
        lineage = access.lineage(self.member, rubric)
        found = queries.blame(lineage, storable(request.query_params["criterion"]))
        if found is None:
            raise Http404
        return Response(BlameSerializer(found).data)


class VersionStepsViewSet(ProjectViewSet):
    """What is done with a version beside writing and publishing it."""

    queryset = RubricVersion.objects.none()
    serializer_class = VersionTextSerializer
    lookup_field = "id"
    roles = dict.fromkeys(("refuse", "restore", "copy", "consequences"), access.WRITERS)

    @extend_schema(request=RefuseSerializer)
    def refuse(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Send a text in review back to its author with comments."""
        version = access.version_for(self.member, id)
        refused = services.version_refuse(
            version=version, actor=self.member.user, **given(RefuseSerializer, request)
        )
        return Response(self.get_serializer(refused).data)

    @extend_schema(request=RestoreSerializer, responses={201: VersionTextSerializer})
    def restore(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Create a new draft with the text of this version."""
        version = access.version_for(self.member, id)
        restored = services.version_restore(
            version=version, actor=self.member.user, **given(RestoreSerializer, request)
        )
        return Response(self.get_serializer(restored).data, status=201)

    @extend_schema(request=CopySerializer, responses={201: RubricSerializer})
    def copy(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Create a new rubric with the text of this version."""
        version = access.version_for(self.member, id)
        wanted = given(CopySerializer, request)
        project = access.writable_projects(self.member.user).filter(
            pk=wanted.get("project", self.member.project.pk)
        )
        target = project.first()
        if target is None:
            raise Refused("You can’t write rubrics in that project.", code="project")
        rubric = services.version_copy(
            version=version, actor=self.member.user, project=target, name=wanted["name"]
        )
        there = find_member(self.member.user, target.pk)
        assert there is not None  # noqa: S101  (writable_projects holds memberships)
        return Response(RubricSerializer(access.rubric_for(there, rubric.pk)).data, status=201)

    @extend_schema(responses=ConsequencesSerializer)
    def consequences(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """What publishing this text would do to the ratings that people gave."""
        version = access.version_for(self.member, id)
        found = queries.consequences(self.member.project, spec_of(version))
        return Response(ConsequencesSerializer(found).data)


P = "projects/<uuid:project_id>/"
VERSION = P + "rubric-versions/<uuid:id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "rubrics/",
        RubricViewSet.as_view({"get": "list", "post": "create"}),
        name="api_rubric_list",
    ),
    path(
        P + "rubrics/<uuid:id>/compare/",
        RubricHistoryViewSet.as_view({"get": "compare"}),
        name="api_rubric_compare",
    ),
    path(
        P + "rubrics/<uuid:id>/blame/",
        RubricHistoryViewSet.as_view({"get": "blame"}),
        name="api_rubric_blame",
    ),
    path(
        P + "rubrics/<uuid:id>/",
        RubricViewSet.as_view({"get": "retrieve"}),
        name="api_rubric_retrieve",
    ),
    path(
        P + "rubrics/<uuid:id>/versions/",
        RubricVersionViewSet.as_view({"get": "list", "post": "create"}),
        name="api_rubric_version_list",
    ),
    path(
        VERSION,
        VersionViewSet.as_view({"get": "retrieve"}),
        name="api_rubric_version_retrieve",
    ),
    path(
        VERSION + "send-for-review/",
        VersionViewSet.as_view({"post": "send_for_review"}),
        name="api_rubric_version_send_for_review",
    ),
    path(
        VERSION + "withdraw/",
        VersionViewSet.as_view({"post": "withdraw"}),
        name="api_rubric_version_withdraw",
    ),
    path(
        VERSION + "approve/",
        VersionViewSet.as_view({"post": "approve"}),
        name="api_rubric_version_approve",
    ),
    path(
        VERSION + "publish/",
        VersionViewSet.as_view({"post": "publish"}),
        name="api_rubric_version_publish",
    ),
    path(
        VERSION + "archive/",
        VersionViewSet.as_view({"post": "archive"}),
        name="api_rubric_version_archive",
    ),
    path(
        VERSION + "refuse/",
        VersionStepsViewSet.as_view({"post": "refuse"}),
        name="api_rubric_version_refuse",
    ),
    path(
        VERSION + "restore/",
        VersionStepsViewSet.as_view({"post": "restore"}),
        name="api_rubric_version_restore",
    ),
    path(
        VERSION + "copy/",
        VersionStepsViewSet.as_view({"post": "copy"}),
        name="api_rubric_version_copy",
    ),
    path(
        VERSION + "consequences/",
        VersionStepsViewSet.as_view({"get": "consequences"}),
        name="api_rubric_version_consequences",
    ),
    path(
        P + "specs/<str:hash>/",
        SpecViewSet.as_view({"get": "retrieve"}),
        name="api_spec_retrieve",
    ),
]
