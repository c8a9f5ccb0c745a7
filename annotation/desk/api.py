"""The desk for scripts: an annotator's own items, under the same rules as in the browser."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.desk import places, queries, services
from annotation.models import Assignment, Rating, Score
from annotation.queues.waiting import waiting_queues
from annotation.ratings.drafts import MAX_RATIONALE, BadDraft
from annotation.ratings.labels import shown_text, title_of
from annotation.ratings.services import rater_for_person
from annotation.ratings.shown_turns import ShownTurn
from webapp.accounts.models import Role
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import REVISION


class WaitingQueueSerializer(serializers.Serializer):
    queue = serializers.UUIDField(source="queue.pk")
    name = serializers.CharField(source="queue.name")
    version = serializers.UUIDField(source="queue.version_id")
    rated = serializers.IntegerField(help_text="Items that you have rated.")
    skipped = serializers.IntegerField()
    left = serializers.IntegerField(help_text="Items that you can still rate.")
    free = serializers.IntegerField(help_text="Of these, items that nobody else is rating now.")
    back_at = serializers.DateTimeField(
        allow_null=True, help_text="When the first item that others are rating becomes free again."
    )


class DraftSerializer(serializers.Serializer):
    scores = serializers.DictField(
        child=serializers.CharField(max_length=8),
        required=False,
        help_text="A level, or “na” where a criterion does not apply, by criterion uid.",
    )
    rationales = serializers.DictField(
        child=serializers.CharField(
            max_length=MAX_RATIONALE, allow_blank=True, trim_whitespace=False
        ),
        required=False,
    )


class DraftSaveSerializer(DraftSerializer):
    revision = serializers.IntegerField(**REVISION.range, help_text="The revision that you read.")
    active_seconds = serializers.FloatField(min_value=0, required=False)
    replaces = serializers.UUIDField(
        required=False,
        help_text="To change a rating that you submitted: its id. A change is a new rating.",
    )


class SubmitSerializer(DraftSerializer):
    revision = serializers.IntegerField(
        **REVISION.range,
        required=False,
        help_text="The draft's revision that you read. A newer draft is then not overwritten.",
    )
    active_seconds = serializers.FloatField(min_value=0, required=False)
    replaces = serializers.UUIDField(
        required=False,
        help_text="To change a rating that you submitted: its id. A change is a new rating.",
    )


class SavedDraftSerializer(serializers.Serializer):
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    is_held = serializers.BooleanField(
        help_text="False if your time ran out and somebody else is rating the item now."
    )


class LevelSerializer(serializers.Serializer):
    value = serializers.IntegerField()
    label = serializers.CharField()
    anchor = serializers.CharField()


class CriterionSerializer(serializers.Serializer):
    uid = serializers.CharField(source="spec.uid")
    name = serializers.CharField(source="spec.name")
    description = serializers.CharField(source="spec.description")
    levels = LevelSerializer(many=True)


class DeskTurnSerializer(serializers.Serializer):
    number = serializers.SerializerMethodField()
    role = serializers.CharField()
    text = serializers.CharField()
    understanding = serializers.CharField()
    reasoning = serializers.CharField()
    emotion = serializers.CharField()

    def get_number(self, turn: ShownTurn) -> int:
        return turn.position + 1


class DeskItemSerializer(serializers.Serializer):
    """What a rater may see: never later turns, never other people's ratings."""

    id = serializers.UUIDField(source="assignment.pk")
    queue = serializers.UUIDField(source="queue.pk")
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=Assignment.State.choices, source="assignment.state")
    leased_until = serializers.DateTimeField(source="assignment.leased_until")
    rating = serializers.UUIDField(
        source="assignment.rating_id", allow_null=True, help_text="The rating that you submitted."
    )
    profile = serializers.CharField()
    situation = serializers.CharField()
    cut = serializers.IntegerField(help_text="Earlier exchanges left out for length.")
    turns = DeskTurnSerializer(many=True, help_text="What was said before.")
    reply = DeskTurnSerializer(
        source="current", allow_null=True, help_text="What is rated; null for a whole dialogue."
    )
    guidance = serializers.CharField(source="spec.guidance")
    criteria = CriterionSerializer(many=True)
    draft = DraftSerializer(source="assignment.draft")
    revision = serializers.IntegerField(source="assignment.draft_revision")


class SubmittedSerializer(serializers.Serializer):
    rating = serializers.UUIDField()
    next = DeskItemSerializer(allow_null=True)


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(
        max_length=services.MAX_REASON, allow_blank=True, required=False, default=""
    )


class OwnScoreSerializer(serializers.ModelSerializer):
    class Meta:
        model = Score
        fields = ("criterion_uid", "status", "value", "rationale")
        read_only_fields = fields


class OwnRatingSerializer(serializers.ModelSerializer):
    title = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField(help_text="What you rated.")
    item = serializers.UUIDField(
        source="assignment_id", allow_null=True, help_text="The item of the desk, to open it again."
    )
    can_change = serializers.BooleanField(
        source="is_changeable", help_text="Whether you can still change it: see the submit."
    )
    scores = OwnScoreSerializer(many=True)

    class Meta:
        model = Rating
        fields = (
            "id", "target", "title", "text", "spec", "pass_number", "active_seconds",
            "submitted_at", "item", "can_change", "scores",
        )  # fmt: skip
        read_only_fields = fields

    def get_title(self, rating: Rating) -> str:
        return title_of(rating.target)

    def get_text(self, rating: Rating) -> str:
        return shown_text(rating.target)


class DeskViewSet(ProjectViewSet):
    """The desk of one annotator."""

    roles: ClassVar = dict.fromkeys(
        ("list", "next", "retrieve", "draft", "submit", "undo", "skip", "flag"), (Role.ANNOTATOR,)
    )
    queryset = Assignment.objects.none()
    serializer_class = DeskItemSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        operation_id="desk_list",
        responses=WaitingQueueSerializer(many=True),
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """The open queues that you have a place in."""
        waiting = waiting_queues(self.member)
        return Response(WaitingQueueSerializer(waiting, many=True).data)

    @extend_schema(
        operation_id="desk_next",
        request=None,
        responses={
            200: DeskItemSerializer,
            204: OpenApiResponse(description="This queue has no free items for you now."),
        },
    )
    def next(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        """Take the next item of a queue, or continue with the one that you hold."""
        claimed = self._claim(places.queue_to_rate(self.member, queue_id))
        if claimed is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(claimed)

    @extend_schema(operation_id="desk_item", responses=DeskItemSerializer)
    def retrieve(self, request: Request, assignment_id: UUID, **kwargs: Any) -> Response:
        return self._item(places.own_assignment(self.member, assignment_id))

    @extend_schema(
        operation_id="desk_draft", request=DraftSaveSerializer, responses=SavedDraftSerializer
    )
    def draft(self, request: Request, assignment_id: UUID, **kwargs: Any) -> Response:
        """Save a draft, if nobody saved after `revision`, and extend your time for the item."""
        assignment = places.own_assignment(self.member, assignment_id)
        data = self._read(DraftSaveSerializer)
        try:
            kept = services.draft_save(
                assignment=assignment,
                draft=data,
                revision=data["revision"],
                active_seconds=data.get("active_seconds", 0),
                replaces=data.get("replaces"),
            )
        except BadDraft as error:
            raise serializers.ValidationError(str(error)) from error
        return Response(SavedDraftSerializer(kept).data)

    @extend_schema(
        operation_id="desk_submit", request=SubmitSerializer, responses=SubmittedSerializer
    )
    def submit(self, request: Request, assignment_id: UUID, **kwargs: Any) -> Response:
        """Submit a rating. Two equal submits are one. The answer has the next item, if any."""
        assignment = places.own_assignment(self.member, assignment_id)
        data = self._read(SubmitSerializer)
        try:
            done = services.submit(
                assignment=assignment,
                draft=data,
                active_seconds=data.get("active_seconds", 0),
                revision=data.get("revision"),
                replaces=data.get("replaces"),
            )
        except services.Incomplete as incomplete:
            missing = dict.fromkeys(incomplete.missing, ["Not rated yet."])
            raise serializers.ValidationError({"scores": missing}) from incomplete
        except BadDraft as error:
            raise serializers.ValidationError(str(error)) from error
        queue = assignment.item.queue
        after = None if queue.closed_at else self._claim(queue)
        return Response({"rating": done.rating_id, "next": after})

    @extend_schema(operation_id="desk_undo", request=None, responses=DeskItemSerializer)
    def undo(self, request: Request, assignment_id: UUID, **kwargs: Any) -> Response:
        """Take a submit back within a minute, or a skip while the item has a place for you."""
        assignment = places.own_assignment(self.member, assignment_id)
        services.undo(assignment=assignment, actor=self.member.user)
        return self._item(places.own_assignment(self.member, assignment_id))

    @extend_schema(operation_id="desk_skip", request=ReasonSerializer, responses=DeskItemSerializer)
    def skip(self, request: Request, assignment_id: UUID, **kwargs: Any) -> Response:
        """Give the item to somebody else. A reason is optional."""
        assignment = places.own_assignment(self.member, assignment_id)
        reason = self._read(ReasonSerializer)["reason"]
        services.skip(assignment=assignment, actor=self.member.user, reason=reason)
        return self._item(places.own_assignment(self.member, assignment_id))

    @extend_schema(operation_id="desk_flag", request=ReasonSerializer, responses=DeskItemSerializer)
    def flag(self, request: Request, assignment_id: UUID, **kwargs: Any) -> Response:
        """Report a concern about the item to the lead."""
        assignment = places.own_assignment(self.member, assignment_id)
        reason = self._read(ReasonSerializer)["reason"]
        services.flag(assignment=assignment, actor=self.member.user, reason=reason)
        return self._item(places.own_assignment(self.member, assignment_id))

    def _claim(self, queue: Any) -> dict[str, Any] | None:
        rater = rater_for_person(project=self.member.project, user=self.member.user)
        claimed = services.claim_next(queue=queue, rater=rater)
        if claimed is None:
            return None
        return self._shown(places.own_assignment(self.member, claimed.pk))

    def _item(self, assignment: Assignment) -> Response:
        return Response(self._shown(assignment))

    def _shown(self, assignment: Assignment) -> dict[str, Any]:
        return DeskItemSerializer(queries.desk_item(self.member, assignment)).data

    def _read(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        read = serializer(data=self.request.data)
        read.is_valid(raise_exception=True)
        return read.validated_data


class OwnRatingViewSet(ProjectViewSet):
    """The ratings that you submitted and did not take back."""

    roles: ClassVar = {"list": (Role.ANNOTATOR,)}
    queryset = Rating.objects.none()
    serializer_class = OwnRatingSerializer
    filter_backends = ()

    def rows(self) -> QuerySet[Rating]:
        return queries.own_rating_rows(self.member)


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(P + "desk/", DeskViewSet.as_view({"get": "list"}), name="api_desk_list"),
    path(
        P + "desk/queues/<uuid:queue_id>/next/",
        DeskViewSet.as_view({"post": "next"}),
        name="api_desk_next",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/",
        DeskViewSet.as_view({"get": "retrieve"}),
        name="api_desk_item",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/draft/",
        DeskViewSet.as_view({"put": "draft"}),
        name="api_desk_draft",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/submit/",
        DeskViewSet.as_view({"post": "submit"}),
        name="api_desk_submit",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/undo/",
        DeskViewSet.as_view({"post": "undo"}),
        name="api_desk_undo",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/skip/",
        DeskViewSet.as_view({"post": "skip"}),
        name="api_desk_skip",
    ),
    path(
        P + "desk/items/<uuid:assignment_id>/flag/",
        DeskViewSet.as_view({"post": "flag"}),
        name="api_desk_flag",
    ),
    path(
        P + "desk/ratings/",
        OwnRatingViewSet.as_view({"get": "list"}),
        name="api_desk_ratings",
    ),
]
