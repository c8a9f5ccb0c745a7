"""Adjudication for scripts: the lists and items of the pages, under the same rules."""

from typing import Any, ClassVar
from uuid import UUID

from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.adjudication import access, queries, results, services
from annotation.adjudication.access import ADJUDICATORS
from annotation.adjudication.exemplars import decision_to_draft
from annotation.adjudication.waiting import HELD, OPEN, SETTLED
from annotation.models import Adjudication, Decision, Queue
from annotation.queues.access import queue_of
from annotation.ratings.drafts import MAX_RATIONALE, BadDraft
from rubrics.access import rubric_for
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import REVISION


class AdjudicationProgressSerializer(serializers.Serializer):
    queue = serializers.UUIDField(source="queue.pk")
    name = serializers.CharField(source="queue.name")
    adjudicate_from = serializers.IntegerField(
        source="queue.adjudicate_from", help_text="Levels apart from which an item is listed."
    )
    total = serializers.IntegerField()
    settled = serializers.IntegerField()
    held = serializers.IntegerField(help_text="Items that somebody is settling now.")
    free = serializers.IntegerField(help_text="Items that you can settle now.")
    own = serializers.IntegerField(help_text="Open items that you rated, so you can’t settle them.")


class ListedItemSerializer(serializers.Serializer):
    item = serializers.UUIDField(source="listed.item_id")
    target = serializers.UUIDField(source="listed.target_id")
    title = serializers.CharField()
    criteria = serializers.ListField(
        child=serializers.CharField(),
        source="listed.uids",
        help_text="Uids of those in dispute.",
    )
    apart = serializers.IntegerField(source="listed.apart", help_text="In levels; 0 for none.")
    has_concern = serializers.BooleanField(source="listed.is_flagged")
    state = serializers.ChoiceField(choices=[OPEN, HELD, SETTLED], source="listed.state")
    is_free = serializers.BooleanField(
        source="listed.is_free", help_text="Whether you can settle it now."
    )


class DecisionDraftSerializer(serializers.Serializer):
    scores = serializers.DictField(
        child=serializers.CharField(max_length=8),
        required=False,
        help_text="A level, or “na” where a criterion does not apply, by criterion uid.",
    )
    causes = serializers.DictField(
        child=serializers.ChoiceField(choices=[("", "None"), *Decision.Cause.choices]),
        required=False,
        help_text="Why the raters differed, by criterion uid. A legitimate difference sets no "
        "level.",
    )
    rationales = serializers.DictField(
        child=serializers.CharField(
            max_length=MAX_RATIONALE, allow_blank=True, trim_whitespace=False
        ),
        required=False,
        help_text="The reason, needed for a level that no rater gave.",
    )


class DecisionDraftSaveSerializer(DecisionDraftSerializer):
    revision = serializers.IntegerField(**REVISION.range, help_text="The revision that you read.")
    active_seconds = serializers.FloatField(min_value=0, required=False)


class AdjudicationSubmitSerializer(DecisionDraftSerializer):
    revision = serializers.IntegerField(
        **REVISION.range,
        required=False,
        help_text="The draft's revision that you read. A newer draft is then not overwritten.",
    )
    active_seconds = serializers.FloatField(min_value=0, required=False)


class SavedDecisionDraftSerializer(serializers.Serializer):
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    is_held = serializers.BooleanField(
        help_text="False if your time ran out and somebody else has the item now."
    )


class GivenLevelSerializer(serializers.Serializer):
    rater = serializers.CharField(source="letter", help_text="A letter, another for each item.")
    answer = serializers.CharField(help_text="A level, or “na”.")
    label = serializers.CharField()
    rationale = serializers.CharField()
    quotes = serializers.ListField(child=serializers.CharField(), help_text="Evidence.")


class ContestedCriterionSerializer(serializers.Serializer):
    uid = serializers.CharField(source="spec.uid")
    name = serializers.CharField(source="spec.name")
    apart = serializers.IntegerField(help_text="Levels between the lowest and the highest.")
    is_disputed = serializers.BooleanField(help_text="It needs a cause.")
    raters = GivenLevelSerializer(many=True)


class AdjudicationItemSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="adjudication.pk")
    queue = serializers.UUIDField(source="queue.pk")
    target = serializers.UUIDField(source="adjudication.item.target_id")
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=Adjudication.State.choices, source="adjudication.state")
    leased_until = serializers.DateTimeField(source="adjudication.leased_until")
    profile = serializers.CharField()
    situation = serializers.CharField()
    text = serializers.CharField(help_text="What was rated; empty for a whole dialogue.")
    concerns = serializers.ListField(child=serializers.CharField())
    criteria = ContestedCriterionSerializer(many=True)
    draft = DecisionDraftSerializer(source="adjudication.draft")
    revision = serializers.IntegerField(source="adjudication.draft_revision")


class SettledSerializer(serializers.Serializer):
    rating = serializers.UUIDField(help_text="The rating that is the reference from now on.")
    next = AdjudicationItemSerializer(allow_null=True)


class SettledItemSerializer(serializers.Serializer):
    decision = serializers.UUIDField(source="decision.pk")
    title = serializers.CharField()
    text = serializers.CharField()
    level = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()


class CauseCountSerializer(serializers.Serializer):
    criterion = serializers.CharField(source="criterion.uid")
    name = serializers.CharField(source="criterion.name")
    cause = serializers.ChoiceField(choices=Decision.Cause.choices)
    n = serializers.IntegerField()
    items = SettledItemSerializer(many=True, help_text="The latest items.")


class OpenedDraftSerializer(serializers.Serializer):
    version = serializers.UUIDField(source="version.pk")
    criterion = serializers.CharField(source="criterion.uid")
    level = serializers.IntegerField(
        allow_null=True, help_text="The level that the item shows now; null where it shows none."
    )


class AdjudicationViewSet(ProjectViewSet):
    """What clinicians and leads settle."""

    roles: ClassVar = dict.fromkeys(
        (
            "list", "items", "next", "take", "retrieve", "draft", "submit", "undo", "release",
            "causes", "to_draft",
        ),
        ADJUDICATORS,
    )  # fmt: skip
    queryset = Adjudication.objects.none()
    serializer_class = AdjudicationItemSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        operation_id="adjudication_list", responses=AdjudicationProgressSerializer(many=True)
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """The queues with items to settle."""
        rows = queries.progress_of_queues(self.member)
        return Response(AdjudicationProgressSerializer(rows, many=True).data)

    @extend_schema(operation_id="adjudication_items", responses=ListedItemSerializer(many=True))
    def items(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        """The items of a queue whose raters differ, or that have a concern."""
        queue = queue_of(self.member, queue_id)
        _, rows = queries.list_of(self.member, queue)
        return Response(ListedItemSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="adjudication_next",
        request=None,
        responses={
            200: AdjudicationItemSerializer,
            204: OpenApiResponse(description="Nothing is left for you in this queue."),
        },
    )
    def next(self, request: Request, queue_id: UUID, **kwargs: Any) -> Response:
        """Take the next item of a queue, or continue with the one that you hold."""
        claimed = self._claim(queue_of(self.member, queue_id))
        return Response(claimed) if claimed else Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="adjudication_take", request=None, responses=AdjudicationItemSerializer
    )
    def take(self, request: Request, item_id: UUID, **kwargs: Any) -> Response:
        """Take this item."""
        item = access.item_to_adjudicate(self.member, item_id)
        return Response(self._shown(services.claim(item=item, member=self.member).pk))

    @extend_schema(operation_id="adjudication_item", responses=AdjudicationItemSerializer)
    def retrieve(self, request: Request, adjudication_id: UUID, **kwargs: Any) -> Response:
        return Response(self._shown(adjudication_id))

    @extend_schema(
        operation_id="adjudication_draft",
        request=DecisionDraftSaveSerializer,
        responses=SavedDecisionDraftSerializer,
    )
    def draft(self, request: Request, adjudication_id: UUID, **kwargs: Any) -> Response:
        """Save a draft, if nobody saved after `revision`, and extend your time for the item."""
        own = access.own_adjudication(self.member, adjudication_id)
        data = self._read(DecisionDraftSaveSerializer)
        try:
            kept = services.draft_save(
                adjudication=own,
                draft=data,
                revision=data["revision"],
                active_seconds=data.get("active_seconds", 0),
            )
        except BadDraft as error:
            raise serializers.ValidationError(str(error)) from error
        return Response(SavedDecisionDraftSerializer(kept).data)

    @extend_schema(
        operation_id="adjudication_submit",
        request=AdjudicationSubmitSerializer,
        responses=SettledSerializer,
    )
    def submit(self, request: Request, adjudication_id: UUID, **kwargs: Any) -> Response:
        """Settle the item. Two equal submits are one. The answer has the next item, if any."""
        own = access.own_adjudication(self.member, adjudication_id)
        data = self._read(AdjudicationSubmitSerializer)
        try:
            done = services.submit(
                adjudication=own,
                member=self.member,
                draft=data,
                active_seconds=data.get("active_seconds", 0),
                revision=data.get("revision"),
            )
        except services.Incomplete as incomplete:
            missing = dict.fromkeys(incomplete.missing, [str(incomplete)])
            raise serializers.ValidationError({"scores": missing}) from incomplete
        except BadDraft as error:
            raise serializers.ValidationError(str(error)) from error
        return Response({"rating": done.rating_id, "next": self._claim(own.item.queue)})

    @extend_schema(
        operation_id="adjudication_undo", request=None, responses=AdjudicationItemSerializer
    )
    def undo(self, request: Request, adjudication_id: UUID, **kwargs: Any) -> Response:
        """Take a submit back within a minute."""
        own = access.own_adjudication(self.member, adjudication_id)
        services.undo(adjudication=own, member=self.member)
        return Response(self._shown(own.pk))

    @extend_schema(
        operation_id="adjudication_release", request=None, responses=AdjudicationItemSerializer
    )
    def release(self, request: Request, adjudication_id: UUID, **kwargs: Any) -> Response:
        """Give the item back to the list. The draft is kept."""
        own = access.own_adjudication(self.member, adjudication_id)
        services.release(adjudication=own, member=self.member)
        return Response(self._shown(own.pk))

    @extend_schema(operation_id="adjudication_causes", responses=CauseCountSerializer(many=True))
    def causes(self, request: Request, rubric_id: UUID, **kwargs: Any) -> Response:
        """Why raters differed on the criteria of a rubric, the most frequent first."""
        rubric = rubric_for(self.member, rubric_id)
        rows = results.causes_of(self.member, rubric)
        return Response(CauseCountSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="adjudication_to_draft", request=None, responses=OpenedDraftSerializer
    )
    def to_draft(self, request: Request, decision_id: UUID, **kwargs: Any) -> Response:
        """Put the item into the rubric's draft as an exemplar of its level."""
        decision = access.decision_for(self.member, decision_id)
        opened = decision_to_draft(decision=decision, member=self.member)
        return Response(OpenedDraftSerializer(opened).data)

    def _claim(self, queue: Queue) -> dict[str, Any] | None:
        own = services.claim_next(queue=queue, member=self.member)
        return self._shown(own.pk) if own is not None else None

    def _shown(self, adjudication_id: UUID) -> dict[str, Any]:
        own = access.own_adjudication(self.member, adjudication_id)
        return AdjudicationItemSerializer(queries.adjudication_item(self.member, own)).data

    def _read(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        read = serializer(data=self.request.data)
        read.is_valid(raise_exception=True)
        return read.validated_data


P = "projects/<uuid:project_id>/adjudication/"
_ROUTES = (
    ("", "get", "list", "list"),
    ("queues/<uuid:queue_id>/", "get", "items", "items"),
    ("queues/<uuid:queue_id>/next/", "post", "next", "next"),
    ("items/<uuid:item_id>/take/", "post", "take", "take"),
    ("rubrics/<uuid:rubric_id>/", "get", "causes", "causes"),
    ("decisions/<uuid:decision_id>/draft/", "post", "to_draft", "to_draft"),
    ("<uuid:adjudication_id>/", "get", "retrieve", "item"),
    ("<uuid:adjudication_id>/draft/", "put", "draft", "draft"),
    ("<uuid:adjudication_id>/submit/", "post", "submit", "submit"),
    ("<uuid:adjudication_id>/undo/", "post", "undo", "undo"),
    ("<uuid:adjudication_id>/release/", "post", "release", "release"),
)

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + address,
        AdjudicationViewSet.as_view({method: action}),
        name=f"api_adjudication_{name}",
    )
    for address, method, action, name in _ROUTES
]
