"""The API of sets and snapshots."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.corpus.set_query import KINDS, SetQuery
from annotation.formats.emotions import EMOTIONS
from annotation.models import Collection, DifficultyPrompt, Snapshot, SnapshotMember
from annotation.models.corpus import Split
from annotation.roles import DATA_READERS
from annotation.sets import queries, services
from annotation.sets.access import collection_for, snapshot_for
from annotation.sets.limits import MEMBERS
from annotation.sets.queries import collections_of, snapshots_of, with_member_counts
from webapp.accounts.paging import ByPosition
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import SEED


class SetQuerySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=list(KINDS), default=KINDS[0])
    import_run = serializers.UUIDField(required=False)
    generation_run = serializers.UUIDField(required=False)
    profile = serializers.UUIDField(required=False)
    source = serializers.CharField(required=False, max_length=40)
    emotion = serializers.ChoiceField(required=False, choices=sorted(EMOTIONS))
    split = serializers.ChoiceField(required=False, choices=Split.choices)
    difficulty_run = serializers.UUIDField(required=False)
    difficulty = serializers.ChoiceField(
        required=False,
        choices=DifficultyPrompt.Difficulty.choices,
        help_text="The prompts that `difficulty_run` found easy or hard.",
    )
    last_only = serializers.BooleanField(
        required=False,
        help_text="Only the last supporter turn of each dialogue; needs `kind` turn.",
    )


class SetSerializer(serializers.ModelSerializer[Collection]):
    query = SetQuerySerializer()
    snapshot_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Collection
        fields = ("id", "number", "name", "query", "snapshot_count", "created_at")
        read_only_fields = ("id", "number", "created_at")


class SetDetailSerializer(SetSerializer):
    size = serializers.IntegerField(read_only=True, help_text="Number of members now.")

    class Meta(SetSerializer.Meta):
        fields = (*SetSerializer.Meta.fields, "size")


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    member_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Snapshot
        fields = ("id", "number", "collection", "seed", "hash", "member_count", "created_at")


class FreezeSerializer(serializers.Serializer[Any]):
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)
    limit = serializers.IntegerField(**MEMBERS.range, required=False, allow_null=True, default=None)


class MemberSerializer(serializers.ModelSerializer[SnapshotMember]):
    target_kind = serializers.CharField(source="target.kind")
    turn = serializers.UUIDField(source="target.turn_id", allow_null=True)
    dialogue = serializers.UUIDField(source="target.dialogue_id", allow_null=True)
    context_hash = serializers.CharField(source="target.context_hash")

    class Meta:
        model = SnapshotMember
        fields = ("position", "target", "target_kind", "turn", "dialogue", "context_hash")


class SetViewSet(ProjectViewSet):
    queryset = Collection.objects.none()
    serializer_class = SetSerializer
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = {
        "list": DATA_READERS,
        "retrieve": DATA_READERS,
        "create": DATA_READERS,
        "freeze": DATA_READERS,
    }

    def rows(self) -> QuerySet[Collection]:
        return collections_of(self.member.project)

    @extend_schema(responses=SetDetailSerializer)
    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        return Response(self._shown(collection_for(self.member, id)))

    @extend_schema(request=SetSerializer, responses={201: SetDetailSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        collection = services.collection_create(
            project=self.member.project,
            actor=self.member.user,
            name=given.validated_data["name"],
            query=SetQuery.from_json(given.validated_data["query"]),
        )
        return Response(self._shown(collection), status=201)

    @extend_schema(request=FreezeSerializer, responses={201: SnapshotSerializer})
    def freeze(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        given = FreezeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        snapshot = services.freeze(
            collection=collection_for(self.member, id),
            actor=self.member.user,
            seed=given.validated_data["seed"],
            limit=given.validated_data["limit"],
        )
        shown = with_member_counts(snapshots_of(self.member.project), self.member).get(
            pk=snapshot.pk
        )
        return Response(SnapshotSerializer(shown).data, status=201)

    def _shown(self, collection: Collection) -> dict[str, Any]:
        row = self.get_queryset().get(pk=collection.pk)
        query = SetQuery.from_json(row.query)
        row.size = queries.size_of(member=self.member, query=query)  # type: ignore[attr-defined]
        return dict(SetDetailSerializer(row).data)


class SnapshotViewSet(ProjectViewSet):
    queryset = Snapshot.objects.none()
    serializer_class = SnapshotSerializer
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": DATA_READERS, "retrieve": DATA_READERS}

    def rows(self) -> QuerySet[Snapshot]:
        return with_member_counts(snapshots_of(self.member.project), self.member)

    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        snapshot = snapshot_for(self.member, id)
        return Response(self.get_serializer(self.get_queryset().get(pk=snapshot.pk)).data)


class SnapshotMemberViewSet(ProjectViewSet):
    queryset = SnapshotMember.objects.none()
    serializer_class = MemberSerializer
    pagination_class = ByPosition
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": DATA_READERS}

    def rows(self) -> QuerySet[SnapshotMember]:
        return queries.members_of(snapshot_for(self.member, self.kwargs["id"]), self.member)


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "sets/",
        SetViewSet.as_view({"get": "list", "post": "create"}),
        name="api_set_list",
    ),
    path(
        P + "sets/<uuid:id>/",
        SetViewSet.as_view({"get": "retrieve"}),
        name="api_set_retrieve",
    ),
    path(
        P + "sets/<uuid:id>/freeze/",
        SetViewSet.as_view({"post": "freeze"}),
        name="api_set_freeze",
    ),
    path(
        P + "snapshots/",
        SnapshotViewSet.as_view({"get": "list"}),
        name="api_snapshot_list",
    ),
    path(
        P + "snapshots/<uuid:id>/",
        SnapshotViewSet.as_view({"get": "retrieve"}),
        name="api_snapshot_retrieve",
    ),
    path(
        P + "snapshots/<uuid:id>/members/",
        SnapshotMemberViewSet.as_view({"get": "list"}),
        name="api_snapshot_members",
    ),
]
