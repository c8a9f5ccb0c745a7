"""Queues for scripts: what a lead's pages of queues show and do."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.models import Assignment, Collection, Queue, Snapshot
from annotation.queues import access, queries, services
from annotation.queues.limits import ADJUDICATE_FROM, LEASE_MINUTES, OVERLAP
from annotation.ratings.labels import title_of
from annotation.sets.limits import MEMBERS
from rubrics.models import RubricVersion
from webapp.accounts.models import Role, User
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import SEED


class OfProject(serializers.PrimaryKeyRelatedField):
    """A row by its id, looked up inside the member's project only."""

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().filter(project=self.context["member"].project)


class Annotators(serializers.PrimaryKeyRelatedField):
    """Annotators of the member's project, by their ids."""

    def get_queryset(self) -> QuerySet[User]:
        return queries.annotators_of(self.context["member"].project)


class QueueProgressSerializer(serializers.Serializer):
    done = serializers.IntegerField(help_text="Ratings submitted.")
    needed = serializers.IntegerField(help_text="Items times overlap.")
    items = serializers.IntegerField()
    complete = serializers.IntegerField(help_text="Items with all their ratings.")
    begun = serializers.IntegerField()
    untouched = serializers.IntegerField()
    held = serializers.IntegerField(help_text="Items that somebody is rating now.")


class QueuePersonSerializer(serializers.Serializer):
    user = serializers.UUIDField(source="user.pk")
    name = serializers.CharField(source="user.name")
    has_place = serializers.BooleanField()
    submitted = serializers.IntegerField()
    held = serializers.IntegerField()
    skipped = serializers.IntegerField()
    flagged = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True, help_text="Mean time of work on an item.")
    last_at = serializers.DateTimeField(allow_null=True)


class QueueSerializer(serializers.ModelSerializer):
    done = serializers.IntegerField(help_text="Ratings submitted.")
    needed = serializers.IntegerField(help_text="Items times overlap.")
    item_count = serializers.IntegerField()
    rater_count = serializers.IntegerField()

    class Meta:
        model = Queue
        fields = (
            "id", "number", "name", "version", "snapshot", "overlap", "lease_minutes",
            "adjudicate_from", "created_at", "closed_at", "item_count", "rater_count", "done",
            "needed",
        )  # fmt: skip
        read_only_fields = fields


class QueueDetailSerializer(serializers.ModelSerializer):
    progress = QueueProgressSerializer()
    people = QueuePersonSerializer(many=True)

    class Meta:
        model = Queue
        fields = (
            "id", "number", "name", "version", "snapshot", "overlap", "lease_minutes",
            "adjudicate_from", "created_at", "closed_at", "progress", "people",
        )  # fmt: skip
        read_only_fields = fields


class NewQueueSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=Queue.MAX_NAME)
    version = OfProject(queryset=RubricVersion.objects.all(), help_text="A published version.")
    collection = OfProject(
        queryset=Collection.objects.all(),
        required=False,
        help_text="A set. It is frozen for the queue.",
    )
    snapshot = OfProject(
        queryset=Snapshot.objects.all(), required=False, help_text="Use this or a collection."
    )
    raters = Annotators(queryset=User.objects.all(), many=True, allow_empty=False)
    overlap = serializers.IntegerField(**OVERLAP.range, default=OVERLAP.default)
    limit = serializers.IntegerField(
        **MEMBERS.range, required=False, help_text="Applies to a collection."
    )
    seed = serializers.IntegerField(
        **SEED.range, default=SEED.default, help_text="0: by dialogue and turn."
    )
    lease_minutes = serializers.IntegerField(**LEASE_MINUTES.range, default=LEASE_MINUTES.default)
    adjudicate_from = serializers.IntegerField(
        **ADJUDICATE_FROM.range,
        default=ADJUDICATE_FROM.default,
        help_text="Items whose raters are this many levels apart, or only some of whom say that a "
        "criterion does not apply, are adjudicated.",
    )


class QueueRatersSerializer(serializers.Serializer):
    raters = Annotators(queryset=User.objects.all(), many=True, allow_empty=False)


class AdjudicateFromSerializer(serializers.Serializer):
    levels = serializers.IntegerField(**ADJUDICATE_FROM.range)


class QueueFilter(django_filters.FilterSet):
    is_open = django_filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")
    version = django_filters.UUIDFilter(field_name="version_id")

    class Meta:
        model = Queue
        fields: ClassVar[list[str]] = []


class QueueViewSet(ProjectViewSet):
    """Queues of a project, for leads."""

    roles: ClassVar = dict.fromkeys(
        ("list", "create", "retrieve", "close", "reopen", "raters", "adjudicate_from"),
        (Role.LEAD,),
    )
    queryset = Queue.objects.none()
    filterset_class = QueueFilter
    serializer_class = QueueSerializer

    def rows(self) -> QuerySet[Queue]:
        return queries.queues_of(self.member.project)

    @extend_schema(
        operation_id="queue_create",
        request=NewQueueSerializer,
        responses={201: QueueDetailSerializer},
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Create a queue from a collection, which is then frozen, or from a snapshot."""
        queue = services.queue_create(
            project=self.member.project, actor=self.member.user, **self._read(NewQueueSerializer)
        )
        return self._answer(queue.pk, status.HTTP_201_CREATED)

    @extend_schema(operation_id="queue_retrieve", responses=QueueDetailSerializer)
    def retrieve(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        return self._answer(queue_id)

    @extend_schema(operation_id="queue_close", request=None, responses=QueueDetailSerializer)
    def close(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        """Close the queue: no more items and ratings. Drafts are kept."""
        queue = access.queue_of(self.member, queue_id)
        services.queue_close(queue=queue, actor=self.member.user)
        return self._answer(queue_id)

    @extend_schema(operation_id="queue_open", request=None, responses=QueueDetailSerializer)
    def reopen(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        queue = access.queue_of(self.member, queue_id)
        services.queue_open(queue=queue, actor=self.member.user)
        return self._answer(queue_id)

    @extend_schema(
        operation_id="queue_raters",
        request=QueueRatersSerializer,
        responses=QueueDetailSerializer,
    )
    def raters(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        """Set who rates from now on."""
        queue = access.queue_of(self.member, queue_id)
        services.queue_set_raters(
            queue=queue, actor=self.member.user, **self._read(QueueRatersSerializer)
        )
        return self._answer(queue_id)

    @extend_schema(
        operation_id="queue_adjudicate_from",
        request=AdjudicateFromSerializer,
        responses=QueueDetailSerializer,
    )
    def adjudicate_from(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        """Set from how many levels apart an item is adjudicated."""
        queue = access.queue_of(self.member, queue_id)
        services.queue_set_adjudicate_from(
            queue=queue, actor=self.member.user, **self._read(AdjudicateFromSerializer)
        )
        return self._answer(queue_id)

    def _read(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        read = serializer(data=self.request.data, context={"member": self.member})
        read.is_valid(raise_exception=True)
        return read.validated_data

    def _answer(self, queue_id: UUID, code: int = status.HTTP_200_OK) -> Response:
        queue = access.queue_of(self.member, queue_id)
        queue.progress = queries.progress_of(queue)  # type: ignore[attr-defined]
        queue.people = queries.people_of(queue)  # type: ignore[attr-defined]
        return Response(QueueDetailSerializer(queue).data, status=code)


class ConcernSerializer(serializers.ModelSerializer):
    queue = serializers.UUIDField(source="item.queue_id")
    target = serializers.UUIDField(source="item.target_id")
    title = serializers.SerializerMethodField()
    by = serializers.CharField(source="rater")
    reason = serializers.CharField(source="flag_reason")
    reported_at = serializers.DateTimeField(source="flagged_at")
    handled_at = serializers.DateTimeField(source="flag_handled_at", allow_null=True)
    handled_by = serializers.CharField(source="flag_handled_by", allow_null=True)

    class Meta:
        model = Assignment
        fields = (
            "id", "queue", "target", "title", "by", "reason", "reported_at", "handled_at",
            "handled_by",
        )  # fmt: skip
        read_only_fields = fields

    def get_title(self, concern: Assignment) -> str:
        return title_of(concern.item.target)


class ConcernHandleSerializer(serializers.Serializer):
    read_at = serializers.DateTimeField(
        help_text="`reported_at` of the concern that you read. If it was reported again since, the "
        "answer is 409 and the concern stays open."
    )


class ConcernFilter(django_filters.FilterSet):
    is_open = django_filters.BooleanFilter(field_name="flag_handled_at", lookup_expr="isnull")

    class Meta:
        model = Assignment
        fields: ClassVar[list[str]] = []


class ConcernViewSet(ProjectViewSet):
    """What raters reported. Concerns about items that you have yet to rate are left out."""

    roles: ClassVar = dict.fromkeys(("list", "handle"), (Role.LEAD,))
    queryset = Assignment.objects.none()
    serializer_class = ConcernSerializer
    filterset_class = ConcernFilter

    def rows(self) -> QuerySet[Assignment]:
        return queries.concerns(self.member)

    @extend_schema(
        operation_id="concern_handle", request=ConcernHandleSerializer, responses=ConcernSerializer
    )
    def handle(self, request: Request, concern_id: UUID, **kwargs: Any) -> Response:
        """Mark a concern that you have read as handled. The audit log says by whom and when."""
        concern = access.concern_of(self.member, concern_id)
        read = ConcernHandleSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        services.concern_handle(concern=concern, actor=self.member.user, **read.validated_data)
        return Response(ConcernSerializer(access.concern_of(self.member, concern_id)).data)


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "queues/",
        QueueViewSet.as_view({"get": "list", "post": "create"}),
        name="api_queue_list",
    ),
    path(P + "concerns/", ConcernViewSet.as_view({"get": "list"}), name="api_concern_list"),
    path(
        P + "concerns/<uuid:concern_id>/handle/",
        ConcernViewSet.as_view({"post": "handle"}),
        name="api_concern_handle",
    ),
    path(
        P + "queues/<uuid:queue_id>/",
        QueueViewSet.as_view({"get": "retrieve"}),
        name="api_queue_retrieve",
    ),
    path(
        P + "queues/<uuid:queue_id>/close/",
        QueueViewSet.as_view({"post": "close"}),
        name="api_queue_close",
    ),
    path(
        P + "queues/<uuid:queue_id>/open/",
        QueueViewSet.as_view({"post": "reopen"}),
        name="api_queue_open",
    ),
    path(
        P + "queues/<uuid:queue_id>/raters/",
        QueueViewSet.as_view({"put": "raters"}),
        name="api_queue_raters",
    ),
    path(
        P + "queues/<uuid:queue_id>/adjudicate-from/",
        QueueViewSet.as_view({"put": "adjudicate_from"}),
        name="api_queue_adjudicate_from",
    ),
]
