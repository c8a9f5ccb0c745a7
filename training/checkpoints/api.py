"""The API of checkpoints and downloads: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from training.access import TRAINERS
from training.checkpoints import services
from training.checkpoints.access import checkpoint_for
from training.checkpoints.archiving import archive_of
from training.checkpoints.limits import MAX_LICENCE, MAX_PATH, MAX_REPO, MAX_REVISION
from training.checkpoints.queries import checkpoints_of, fetches_of, uses_of
from training.models import Checkpoint, ModelFetch
from training.small.models import MODELS, TRAINED
from webapp.accounts.access import require_open
from webapp.accounts.project_api import ProjectViewSet
from webapp.accounts.uploads import takes_files
from webapp.llm.models import Endpoint
from webapp.runs.api import IDEMPOTENCY_KEY, RUN_FIELDS, RunViewSet, idempotency_key, run_paths


class CheckpointSerializer(serializers.ModelSerializer[Checkpoint]):
    class Meta:
        model = Checkpoint
        fields: tuple[str, ...] = (
            "id", "number", "name", "origin", "source", "revision", "licence", "run", "step",
            "sha256", "endpoint", "created_at",
        )  # fmt: skip


class CheckpointDetailSerializer(CheckpointSerializer):
    used_by = serializers.SerializerMethodField(
        help_text="What keeps it from being deleted, in words."
    )

    class Meta(CheckpointSerializer.Meta):
        fields = (*CheckpointSerializer.Meta.fields, "used_by")

    def get_used_by(self, row: Checkpoint) -> list[str]:
        return uses_of(row)


class NamedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=Checkpoint.MAX_NAME)
    licence = serializers.CharField(max_length=MAX_LICENCE, required=False, default="")


class PathSerializer(NamedSerializer):
    path = serializers.CharField(
        max_length=MAX_PATH, help_text="A folder of the server that an administrator allowed."
    )


class UploadSerializer(NamedSerializer):
    file = serializers.FileField(help_text="A zip, tar or tar.gz file of the model's folder.")


class NewFetchSerializer(NamedSerializer):
    repo = serializers.CharField(max_length=MAX_REPO, help_text="owner/name on the hub.")
    revision = serializers.CharField(max_length=MAX_REVISION, default="main")


class SmallModelSerializer(serializers.Serializer[Any]):
    model = serializers.ChoiceField(
        choices=list(MODELS),
        default=TRAINED.key,
        help_text="`trained` on the written corpus as supporter and seeker, or as `published`.",
    )


class FetchSerializer(serializers.ModelSerializer[ModelFetch]):
    bytes_received = serializers.IntegerField(allow_null=True)
    bytes_total = serializers.IntegerField(
        allow_null=True, help_text="Null until the hub has listed the files."
    )

    class Meta:
        model = ModelFetch
        fields = (
            *RUN_FIELDS, "source", "name", "licence", "repo", "revision", "commit",
            "bytes_received", "bytes_total", "checkpoint", "can_go_on",
        )  # fmt: skip


class ServedSerializer(serializers.ModelSerializer[Endpoint]):
    class Meta:
        model = Endpoint
        fields = ("id", "name", "base_url", "model")


class CheckpointFilter(django_filters.FilterSet):
    run = django_filters.UUIDFilter(field_name="run_id")
    origin = django_filters.ChoiceFilter(choices=Checkpoint.Origin.choices)

    class Meta:
        model = Checkpoint
        fields: ClassVar[list[str]] = []


class CheckpointViewSet(ProjectViewSet):
    """Models a run can start from; filter by the `run` that saved them, or by `origin`."""

    queryset = Checkpoint.objects.none()
    serializer_class = CheckpointSerializer
    filterset_class = CheckpointFilter
    lookup_field = "id"

    def allowed_roles(self) -> tuple[str, ...]:
        return TRAINERS

    def rows(self) -> QuerySet[Checkpoint]:
        return checkpoints_of(self.member.project)

    @extend_schema(responses=CheckpointDetailSerializer)
    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return Response(CheckpointDetailSerializer(checkpoint_for(self.member, id)).data)

    @extend_schema(
        request=PathSerializer,
        responses={201: CheckpointSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Add a model that lies on the server."""
        given = PathSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.checkpoint_from_path(
            project=self.member.project,
            actor=self.member.user,
            key=idempotency_key(request),
            **given.validated_data,
        )
        return Response(CheckpointSerializer(row).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Delete a checkpoint and its weights. 409 while something needs it."""
        row = checkpoint_for(self.member, id)
        services.checkpoint_delete(checkpoint=row, actor=self.member.user)
        return Response(status=204)

    @extend_schema(request=None, responses=ServedSerializer)
    def serve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Have the local model server answer with it. The same again is the same endpoint."""
        row = checkpoint_for(self.member, id)
        endpoint = services.checkpoint_serve(checkpoint=row, actor=self.member.user)
        return Response(ServedSerializer(endpoint).data)

    @extend_schema(
        responses={(200, "application/x-tar"): OpenApiResponse(OpenApiTypes.BINARY, "A tar file.")}
    )
    def archive(self, request: Request, id: UUID, **kwargs: Any) -> HttpResponseBase:
        """The model's files and a model card."""
        row = checkpoint_for(self.member, id)
        answer = archive_of(row, self.member)
        services.note_download(checkpoint=row, actor=self.member.user)
        return answer


class UploadViewSet(ProjectViewSet):
    queryset = Checkpoint.objects.none()
    serializer_class = CheckpointSerializer
    parser_classes = (MultiPartParser,)

    def allowed_roles(self) -> tuple[str, ...]:
        return TRAINERS

    @takes_files(*TRAINERS)
    @extend_schema(
        request=UploadSerializer,
        responses={201: CheckpointSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Add a model from an archive. Files that a model does not need are left out."""
        require_open(self.member.project)
        given = UploadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        row, _ = services.checkpoint_upload(
            project=self.member.project,
            actor=self.member.user,
            name=asked["name"],
            archive=asked["file"],
            file_name=asked["file"].name,
            licence=asked["licence"],
            key=idempotency_key(request),
        )
        return Response(CheckpointSerializer(row).data, status=201)


class FetchViewSet(RunViewSet):
    """Models on their way, from the hub or from a package of the server. Each ends with a
    checkpoint."""

    queryset = ModelFetch.objects.none()
    serializer_class = FetchSerializer

    def rows(self) -> QuerySet[ModelFetch]:
        return fetches_of(self.member.project)

    @extend_schema(
        request=NewFetchSerializer,
        responses={201: FetchSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewFetchSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        run = services.fetch_start(
            project=self.member.project,
            actor=self.member.user,
            key=idempotency_key(request),
            **given.validated_data,
        )
        return self.shown(run.pk, status=201)

    @extend_schema(
        request=SmallModelSerializer,
        responses={201: FetchSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def small(self, request: Request, **kwargs: Any) -> Response:
        """Add a small language model: a worker converts it from the package that is installed, and
        the trained one becomes an endpoint of the local model server. Where that is under way, the
        same run is returned. 409 where the project has the model."""
        given = SmallModelSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        run = services.small_model_start(
            project=self.member.project,
            actor=self.member.user,
            key=idempotency_key(request),
            model=MODELS[given.validated_data["model"]],
        )
        return self.shown(run.pk, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Remove a download that failed or was stopped. 409 for any other."""
        services.fetch_remove(run=self.one(id), actor=self.member.user)
        return Response(status=204)


P = "projects/<uuid:project_id>/checkpoints/"
ONE = f"{P}<uuid:id>/"
view = CheckpointViewSet.as_view

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(f"{P}downloads/", FetchViewSet, "api_fetch_model", can_be_removed=True),
    path(P, view({"get": "list", "post": "create"}), name="api_checkpoint_list"),
    path(f"{P}upload/", UploadViewSet.as_view({"post": "create"}), name="api_checkpoint_upload"),
    path(f"{P}small/", FetchViewSet.as_view({"post": "small"}), name="api_checkpoint_small"),
    path(ONE, view({"get": "retrieve", "delete": "destroy"}), name="api_checkpoint_retrieve"),
    path(f"{ONE}serve/", view({"post": "serve"}), name="api_checkpoint_serve"),
    path(f"{ONE}archive/", view({"get": "archive"}), name="api_checkpoint_archive"),
]
