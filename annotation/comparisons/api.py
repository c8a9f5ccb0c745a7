"""Judging pairs for scripts: a person's own pairs, under the same rules as in the browser."""

from typing import Any, ClassVar
from uuid import UUID

from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.comparisons import access, judging, queries
from annotation.models import Comparison, PairJudgement
from annotation.ratings.drafts import BadDraft
from annotation.ratings.services import rater_for_person
from webapp.accounts.models import Role
from webapp.accounts.project_api import ProjectViewSet


class WaitingComparisonSerializer(serializers.Serializer):
    comparison = serializers.UUIDField(source="comparison.pk")
    name = serializers.CharField(source="comparison.name")
    question = serializers.CharField(source="comparison.question")
    judged = serializers.IntegerField(help_text="Pairs that you have judged.")
    left = serializers.IntegerField(help_text="Pairs that you can still judge.")
    free = serializers.IntegerField(help_text="Of these, pairs that nobody else is judging now.")


class PairTurnSerializer(serializers.Serializer):
    role = serializers.CharField()
    text = serializers.CharField()
    understanding = serializers.CharField()
    reasoning = serializers.CharField()
    emotion = serializers.CharField()


class PairSerializer(serializers.Serializer):
    """What a person who judges may see: never who wrote a reply, never what came later."""

    id = serializers.UUIDField(source="judgement.pk")
    comparison = serializers.UUIDField(source="comparison.pk")
    question = serializers.CharField(source="comparison.question")
    state = serializers.ChoiceField(choices=PairJudgement.State.choices, source="judgement.state")
    choice = serializers.ChoiceField(
        choices=PairJudgement.Choice.choices,
        allow_blank=True,
        source="judgement.choice",
        help_text="Empty until you have judged the pair.",
    )
    leased_until = serializers.DateTimeField(source="judgement.leased_until")
    profile = serializers.CharField()
    situation = serializers.CharField()
    cut = serializers.IntegerField(help_text="Earlier exchanges left out for length.")
    turns = PairTurnSerializer(many=True, help_text="What was said before.")
    a = PairTurnSerializer(help_text="Reply A.")
    b = PairTurnSerializer(help_text="Reply B.")


class NewJudgementSerializer(serializers.Serializer):
    choice = serializers.ChoiceField(choices=PairJudgement.Choice.choices)
    active_seconds = serializers.FloatField(min_value=0, required=False)


class JudgedPairSerializer(serializers.Serializer):
    pair = PairSerializer()
    next = PairSerializer(allow_null=True)


class PairViewSet(ProjectViewSet):
    """The pairs of one person who judges."""

    roles: ClassVar = dict.fromkeys(
        ("list", "next", "retrieve", "judge", "undo"), (Role.ANNOTATOR,)
    )
    queryset = PairJudgement.objects.none()
    serializer_class = PairSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(operation_id="pair_list", responses=WaitingComparisonSerializer(many=True))
    def list(self, request: Request, **kwargs: Any) -> Response:
        """The open comparisons that you have a place in."""
        waiting = queries.waiting_comparisons(self.member)
        return Response(WaitingComparisonSerializer(waiting, many=True).data)

    @extend_schema(
        operation_id="pair_next",
        request=None,
        responses={
            200: PairSerializer,
            204: OpenApiResponse(description="This comparison has no free pairs for you now."),
        },
    )
    def next(self, request: Request, comparison_id: UUID, **kwargs: Any) -> Response:
        """Take the next pair of a comparison, or continue with the one that you hold."""
        claimed = self._claim(access.comparison_to_judge(self.member, comparison_id))
        if claimed is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(claimed)

    @extend_schema(operation_id="pair_retrieve", responses=PairSerializer)
    def retrieve(self, request: Request, judgement_id: UUID, **kwargs: Any) -> Response:
        return Response(self._shown(judgement_id))

    @extend_schema(
        operation_id="pair_judge", request=NewJudgementSerializer, responses=JudgedPairSerializer
    )
    def judge(self, request: Request, judgement_id: UUID, **kwargs: Any) -> Response:
        """Submit a choice. Two equal requests are one. The answer has the next pair, if any."""
        judgement = access.own_judgement(self.member, judgement_id)
        given = NewJudgementSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            judging.judge(judgement=judgement, **given.validated_data)
        except BadDraft as error:
            raise serializers.ValidationError(str(error)) from error
        comparison = judgement.pair.comparison
        after = None if comparison.closed_at else self._claim(comparison)
        return Response({"pair": self._shown(judgement_id), "next": after})

    @extend_schema(operation_id="pair_undo", request=None, responses=PairSerializer)
    def undo(self, request: Request, judgement_id: UUID, **kwargs: Any) -> Response:
        """Take a judgement back within a minute."""
        judgement = access.own_judgement(self.member, judgement_id)
        judging.undo(judgement=judgement, actor=self.member.user)
        return Response(self._shown(judgement_id))

    def _claim(self, comparison: Comparison) -> dict[str, Any] | None:
        rater = rater_for_person(project=self.member.project, user=self.member.user)
        claimed = judging.claim_next(comparison=comparison, rater=rater)
        return None if claimed is None else self._shown(claimed.pk)

    def _shown(self, judgement_id: UUID) -> dict[str, Any]:
        judgement = access.own_judgement(self.member, judgement_id)
        return PairSerializer(queries.shown_pair(self.member, judgement)).data


P = "projects/<uuid:project_id>/desk/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{P}comparisons/", PairViewSet.as_view({"get": "list"}), name="api_pair_list"),
    path(
        f"{P}comparisons/<uuid:comparison_id>/next/",
        PairViewSet.as_view({"post": "next"}),
        name="api_pair_next",
    ),
    path(
        f"{P}pairs/<uuid:judgement_id>/",
        PairViewSet.as_view({"get": "retrieve"}),
        name="api_pair_retrieve",
    ),
    path(
        f"{P}pairs/<uuid:judgement_id>/judge/",
        PairViewSet.as_view({"post": "judge"}),
        name="api_pair_judge",
    ),
    path(
        f"{P}pairs/<uuid:judgement_id>/undo/",
        PairViewSet.as_view({"post": "undo"}),
        name="api_pair_undo",
    ),
]
