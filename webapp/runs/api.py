"""What the API of every kind of run shares."""

from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.access import found_or_404
from webapp.accounts.project_api import ProjectViewSet
from webapp.ids import new_id
from webapp.runs import registry, services
from webapp.runs.access import run_for
from webapp.runs.limits import MAX_KEY

KEY_HEADER = "Idempotency-Key"

IDEMPOTENCY_KEY = OpenApiParameter(
    KEY_HEADER,
    str,
    OpenApiParameter.HEADER,
    description=f"The same key again returns what it made before. At most {MAX_KEY} characters.",
)

# What every kind of run tells of itself.
RUN_FIELDS = (
    "id", "number", "status", "error", "attempt", "created_at", "started_at", "ended_at",
)  # fmt: skip


def idempotency_key(request: Request) -> str:
    """The request's key, or one of its own. Raises ValidationError for one that is too long."""
    key = request.headers.get(KEY_HEADER, "").strip()
    if len(key) > MAX_KEY or not key.isprintable():
        raise serializers.ValidationError(
            {KEY_HEADER: [f"Send at most {MAX_KEY} printable characters."]}
        )
    return key or new_id().hex


class RunProgressSerializer(serializers.Serializer[Any]):
    """How far a run is, counted from its rows, in its smallest units: turns, texts."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    rate_a_minute = serializers.FloatField(source="rate", allow_null=True)
    seconds_left = serializers.SerializerMethodField()
    seconds_worked = serializers.SerializerMethodField()

    def get_seconds_left(self, progress: Any) -> float | None:
        return None if progress.left is None else progress.left.total_seconds()

    def get_seconds_worked(self, progress: Any) -> float | None:
        return None if progress.took is None else progress.took.total_seconds()


class RunViewSet(ProjectViewSet):
    """The runs of one kind: list, look at one, stop, go on. A feature names its serializers and
    adds `create`. The kind in the registry says who may read and who may start."""

    # Of one run, where that tells more than a row of the list.
    detail_serializer_class: type[serializers.BaseSerializer[Any]] | None = None
    lookup_field = "id"

    @property
    def kind(self) -> registry.Kind:
        return registry.find(self.queryset.model.kind)

    def allowed_roles(self) -> tuple[str, ...]:
        is_read = self.request.method in SAFE_METHODS
        return self.kind.readers if is_read else self.kind.starters

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        if self.action != "list" and self.detail_serializer_class is not None:
            return self.detail_serializer_class
        return super().get_serializer_class()

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return self.shown(id)

    @extend_schema(request=None)
    def cancel(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Stop a run. A worker stops at its next safe point. 409 if the run has ended."""
        services.cancel(run_for(self.member, self.kind, id), actor=self.member.user)
        return self.shown(id)

    @extend_schema(request=None)
    def resume(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Resume a run that failed, was stopped or left something out. It keeps its results.
        409 if there is nothing to resume."""
        services.resume(run_for(self.member, self.kind, id), actor=self.member.user)
        return self.shown(id)

    def shown(self, pk: UUID, status: int = 200) -> Response:
        """The answer with one run as it is now."""
        return Response(self.get_serializer(self.one(pk)).data, status=status)

    def one(self, pk: UUID) -> Any:
        """One run of the project as its serializer reads it. Raises Http404 for any other."""
        return found_or_404(self.get_queryset().filter(pk=pk).first())


def run_paths(
    prefix: str, view: type[RunViewSet], name: str, *, can_be_removed: bool = False
) -> list[URLPattern]:
    """The addresses of a kind of run that can be listed, started, stopped and resumed, and
    removed where its view set has `destroy`."""
    one = f"{prefix}<uuid:id>/"
    of_one = {"get": "retrieve"} | ({"delete": "destroy"} if can_be_removed else {})
    return [
        path(prefix, view.as_view({"get": "list", "post": "create"}), name=f"{name}_list"),
        path(one, view.as_view(of_one), name=f"{name}_retrieve"),
        path(f"{one}cancel/", view.as_view({"post": "cancel"}), name=f"{name}_cancel"),
        path(f"{one}resume/", view.as_view({"post": "resume"}), name=f"{name}_resume"),
    ]
