"""The API of an evaluation's blind comparisons: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.comparisons.limits import LEASE_MINUTES, OVERLAP, QUESTION
from annotation.comparisons.services import comparison_close, comparison_open
from annotation.models import Comparison
from annotation.queues.queries import annotators_of
from training.access import TRAINERS
from training.comparisons import queries, services
from training.comparisons.access import comparison_for
from training.comparisons.limits import PAIRS
from training.evaluation.access import evaluation_for
from training.models import EvaluatedSystem, EvaluationComparison, EvaluationRun
from webapp.accounts.models import User
from webapp.accounts.project_api import ProjectViewSet
from webapp.limits import SEED
from webapp.runs.api import IDEMPOTENCY_KEY, idempotency_key


class BlindComparisonSerializer(serializers.ModelSerializer[EvaluationComparison]):
    id = serializers.UUIDField(source="comparison.pk")
    number = serializers.IntegerField(source="comparison.number")
    name = serializers.CharField(source="comparison.name")
    question = serializers.CharField(source="comparison.question")
    overlap = serializers.IntegerField(source="comparison.overlap")
    lease_minutes = serializers.IntegerField(source="comparison.lease_minutes")
    seed = serializers.IntegerField(source="comparison.seed")
    created_at = serializers.DateTimeField(source="comparison.created_at")
    closed_at = serializers.DateTimeField(source="comparison.closed_at", allow_null=True)

    class Meta:
        model = EvaluationComparison
        fields = (
            "id", "number", "name", "first", "second", "question", "overlap", "lease_minutes",
            "seed", "created_at", "closed_at",
        )  # fmt: skip


class WinRateSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(help_text="0 to 1; a tie counts half.")
    low = serializers.FloatField(allow_null=True, help_text="Null with fewer than five profiles.")
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Pairs with a judgement.")
    profiles = serializers.IntegerField(source="groups")


class SideShareSerializer(serializers.Serializer[Any]):
    k = serializers.IntegerField(help_text="Judgements for the reply shown as A.")
    n = serializers.IntegerField(help_text="Judgements that are no tie.")
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class PairAgreementSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(allow_null=True, help_text="Krippendorff's alpha, nominal.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(source="n_pairable", help_text="Pairs judged at least twice.")
    unit = serializers.CharField(help_text="What the bootstrap draws: profiles or dialogues.")
    groups = serializers.IntegerField(help_text="How many of these there are.")


class BlindResultsSerializer(serializers.Serializer[Any]):
    """Without the pairs that you still have to judge, except in `judged` and `planned`."""

    judged = serializers.IntegerField()
    planned = serializers.IntegerField()
    pairs = serializers.IntegerField(help_text="With those whose answers are identical.")
    identical = serializers.IntegerField(help_text="Shown to nobody and in no figure.")
    hidden = serializers.IntegerField(help_text="Pairs that you still have to judge.")
    wins = serializers.IntegerField(help_text="Judgements for the first system.")
    losses = serializers.IntegerField(help_text="Judgements for the second system.")
    ties = serializers.IntegerField()
    win_rate = WinRateSerializer(allow_null=True, help_text="Of the first system.")
    chose_a = SideShareSerializer(allow_null=True)
    agreement = PairAgreementSerializer(
        allow_null=True, help_text="Null where one person judges each pair."
    )
    no_agreement = serializers.CharField(help_text="Why agreement has no value; else empty.")


class BlindComparisonDetailSerializer(BlindComparisonSerializer):
    results = serializers.SerializerMethodField()

    class Meta(BlindComparisonSerializer.Meta):
        fields = (*BlindComparisonSerializer.Meta.fields, "results")

    @extend_schema(responses=BlindResultsSerializer)
    def get_results(self, link: Any) -> Any:
        return BlindResultsSerializer(link.results).data


class SystemOfRun(serializers.PrimaryKeyRelatedField):
    """A system of the evaluation that the address names."""

    def get_queryset(self) -> QuerySet[EvaluatedSystem]:
        return queries.systems_to_compare(self.context["run"])


class PeopleWhoJudge(serializers.PrimaryKeyRelatedField):
    """Annotators of the project, by their ids."""

    def get_queryset(self) -> QuerySet[User]:
        return annotators_of(self.context["run"].project)


class NewBlindComparisonSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=Comparison.MAX_NAME)
    first = SystemOfRun(queryset=EvaluatedSystem.objects.all())
    second = SystemOfRun(queryset=EvaluatedSystem.objects.all())
    raters = PeopleWhoJudge(queryset=User.objects.all(), many=True, allow_empty=False)
    pairs = serializers.IntegerField(**PAIRS.range, default=PAIRS.default)
    question = serializers.CharField(max_length=Comparison.MAX_QUESTION, default=QUESTION)
    overlap = serializers.IntegerField(**OVERLAP.range, default=OVERLAP.default)
    lease_minutes = serializers.IntegerField(**LEASE_MINUTES.range, default=LEASE_MINUTES.default)
    seed = serializers.IntegerField(**SEED.range, default=SEED.default)


class BlindComparisonViewSet(ProjectViewSet):
    """The blind comparisons of an evaluation, for leads."""

    roles: ClassVar = dict.fromkeys(("list", "create", "retrieve", "close", "reopen"), TRAINERS)
    queryset = EvaluationComparison.objects.none()
    serializer_class = BlindComparisonSerializer
    filter_backends = ()

    def rows(self) -> QuerySet[EvaluationComparison]:
        return queries.comparisons_of(self._run())

    @extend_schema(
        operation_id="blind_comparison_create",
        request=NewBlindComparisonSerializer,
        responses={201: BlindComparisonDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Draw pairs of answers of two systems and ask people about them."""
        run = self._run()
        given = NewBlindComparisonSerializer(data=request.data, context={"run": run})
        given.is_valid(raise_exception=True)
        link = services.comparison_start(
            run=run,
            actor=self.member.user,
            key=idempotency_key(request),
            **given.validated_data,
        )
        return self._answer(link.comparison_id, status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="blind_comparison_retrieve", responses=BlindComparisonDetailSerializer
    )
    def retrieve(self, request: Request, comparison_id: UUID, **kwargs: Any) -> Response:
        """A comparison with its results so far."""
        return self._answer(comparison_id)

    @extend_schema(
        operation_id="blind_comparison_close",
        request=None,
        responses=BlindComparisonDetailSerializer,
    )
    def close(self, request: Request, comparison_id: UUID, **kwargs: Any) -> Response:
        """Close the comparison: no more pairs and judgements."""
        link = comparison_for(self._run(), comparison_id)
        comparison_close(comparison=link.comparison, actor=self.member.user)
        return self._answer(comparison_id)

    @extend_schema(
        operation_id="blind_comparison_open",
        request=None,
        responses=BlindComparisonDetailSerializer,
    )
    def reopen(self, request: Request, comparison_id: UUID, **kwargs: Any) -> Response:
        link = comparison_for(self._run(), comparison_id)
        comparison_open(comparison=link.comparison, actor=self.member.user)
        return self._answer(comparison_id)

    def _run(self) -> EvaluationRun:
        return evaluation_for(self.member, self.kwargs["id"])

    def _answer(self, comparison_id: UUID, code: int = status.HTTP_200_OK) -> Response:
        link: Any = comparison_for(self._run(), comparison_id)
        [link.results] = queries.results_of([link], self.member)
        return Response(BlindComparisonDetailSerializer(link).data, status=code)


P = "projects/<uuid:project_id>/evaluations/<uuid:id>/comparisons/"
ONE = f"{P}<uuid:comparison_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P,
        BlindComparisonViewSet.as_view({"get": "list", "post": "create"}),
        name="api_evaluation_comparisons",
    ),
    path(
        ONE,
        BlindComparisonViewSet.as_view({"get": "retrieve"}),
        name="api_evaluation_comparison",
    ),
    path(
        f"{ONE}close/",
        BlindComparisonViewSet.as_view({"post": "close"}),
        name="api_evaluation_comparison_close",
    ),
    path(
        f"{ONE}open/",
        BlindComparisonViewSet.as_view({"post": "reopen"}),
        name="api_evaluation_comparison_open",
    ),
]
