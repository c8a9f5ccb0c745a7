"""Agreement for scripts: the figures of the page, under the same blindness."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.agreement.alternative import StandIn
from annotation.agreement.figures import CriterionSeverity
from annotation.agreement.means import means_of
from annotation.agreement.queries import VersionAgreement
from annotation.judge_runs.access import judge_run_for
from annotation.models import JudgeRun
from annotation.roles import JUDGING_READERS
from rubrics.models import RubricVersion
from webapp.accounts.models import Role
from webapp.accounts.project_api import ProjectViewSet


class EstimateSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Of the 95 % interval.")
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="Items with any rating.")
    n_pairable = serializers.IntegerField(help_text="Items with two ratings or more.")
    base_rate = serializers.FloatField(allow_null=True, help_text="Share of the most common level.")
    unit = serializers.CharField(help_text="What the bootstrap draws: profiles or dialogues.")
    groups = serializers.IntegerField(help_text="How many of these there are.")
    reason = serializers.CharField(help_text="Why there is no value or no interval.")


class CriterionRefSerializer(serializers.Serializer):
    uid = serializers.CharField()
    name = serializers.CharField()


class CorrelationsSerializer(serializers.Serializer):
    raters = serializers.IntegerField(help_text="The k raters who all rated the same items.")
    single = EstimateSerializer(help_text="ICC(2,1): one rater’s level, absolute agreement.")
    mean = EstimateSerializer(help_text="ICC(2,k): the mean of these raters’ levels.")


class ApplicabilitySerializer(serializers.Serializer):
    items = serializers.IntegerField(
        help_text="Items that one rater gave a level and another said that it does not apply."
    )
    share = EstimateSerializer(
        help_text="Their share of the items with two answers or more, with a Wilson interval."
    )


class AmongPeopleSerializer(serializers.Serializer):
    criterion = CriterionRefSerializer()
    raters = serializers.IntegerField(help_text="People who gave it a level.")
    carried = serializers.IntegerField(
        help_text="Ratings given with another version in which the criterion has the same meaning."
    )
    alpha = EstimateSerializer(help_text="Krippendorff’s alpha, ordinal; of levels only.")
    ac2 = EstimateSerializer(help_text="Gwet’s AC2, ordinal weights; of levels only.")
    icc = CorrelationsSerializer()
    same = EstimateSerializer(help_text="Share of pairs with the same level.")
    applies = ApplicabilitySerializer()


class ReferenceCountSerializer(serializers.Serializer):
    criterion = CriterionRefSerializer()
    items = serializers.IntegerField(
        help_text="Items with a reference: the adjudicated level, else the median of the levels "
        "that people gave, if it is one level and nobody said that the criterion does not apply."
    )
    undecided = serializers.IntegerField(
        help_text="Items without one, because people differ and nobody settled it."
    )


class RaterRefSerializer(serializers.Serializer):
    key = serializers.CharField()
    kind = serializers.CharField()
    name = serializers.CharField()


class RaterEffectSerializer(serializers.Serializer):
    rater = RaterRefSerializer()
    ratings = serializers.IntegerField(source="found.ratings", help_text="That are compared.")
    effect = serializers.FloatField(
        source="found.effect",
        allow_null=True,
        help_text="Levels above (+) or below (−) the mean of these raters, on the same items: "
        "least squares of item + rater.",
    )
    low = serializers.FloatField(source="found.low", allow_null=True)
    high = serializers.FloatField(source="found.high", allow_null=True)
    reason = serializers.CharField(
        source="found.reason", help_text="Why there is no effect or no interval."
    )


class SeveritySerializer(serializers.Serializer):
    criterion = CriterionRefSerializer()
    items = serializers.IntegerField(
        help_text="Items that two or more of those who are compared rated."
    )
    unit = serializers.CharField(help_text="What the bootstrap draws: profiles or dialogues.")
    groups = serializers.IntegerField(help_text="How many of these there are.")
    reason = serializers.CharField(help_text="Why nobody is compared.")
    raters = serializers.SerializerMethodField()

    @extend_schema_field(RaterEffectSerializer(many=True))
    def get_raters(self, row: CriterionSeverity) -> list[Any]:
        effects = [{"rater": rater, "found": found} for rater, found in row.raters]
        return list(RaterEffectSerializer(effects, many=True).data)


class ClosenessSerializer(serializers.Serializer):
    alpha = EstimateSerializer()
    kappa = EstimateSerializer()
    same = EstimateSerializer()


class BesidePeopleSerializer(serializers.Serializer):
    people = serializers.IntegerField(help_text="Those who are compared.")
    items = serializers.IntegerField(
        help_text="Distinct items. The figures count an item once for each person."
    )
    of_people = ClosenessSerializer(
        help_text="Each person compared with the median of the other people."
    )
    of_rater = ClosenessSerializer(help_text="The rater compared with the same.")


class StandInSerializer(serializers.Serializer):
    epsilon = serializers.FloatField(
        help_text="How far the judge may be behind a person: as for experts."
    )
    people = serializers.SerializerMethodField(help_text="People it was compared with.")
    items = serializers.IntegerField(help_text="Items of the person with the fewest.")
    wins = serializers.IntegerField(help_text="People that it could replace.")
    winning_rate = serializers.FloatField(allow_null=True)
    advantage = serializers.FloatField(
        allow_null=True,
        help_text="Share of items on which the judge is as close to the other people as the person "
        "who is left out, or closer; the mean over people.",
    )
    advantage_of_people = serializers.FloatField(
        allow_null=True,
        help_text="Share of items on which the person is as close as the judge, or closer; the "
        "mean over people.",
    )
    passes = serializers.BooleanField(allow_null=True, help_text="Whether it wins half or more.")
    reason = serializers.CharField(help_text="Why it can’t be tested.")

    def get_people(self, test: StandIn) -> int:
        return len(test.people)


class BoundsSerializer(serializers.Serializer):
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(help_text="Why there is no interval.")


class StepSerializer(serializers.Serializer):
    level = serializers.IntegerField(help_text="About which the judge gave.")
    n = serializers.IntegerField()
    judge = serializers.FloatField(help_text="The mean of the judge’s levels there.")
    people = serializers.FloatField(help_text="The mean of people’s.")
    bounds = BoundsSerializer(help_text="The 95 % interval of the latter.")


class CalibrationSerializer(serializers.Serializer):
    steps = StepSerializer(many=True)
    n = serializers.IntegerField(help_text="Items with a reference.")
    error = serializers.FloatField(
        help_text="The expected calibration error, in levels: the distance of the two means, "
        "weighted by items."
    )
    distance = serializers.FloatField(help_text="The mean distance of an item from people.")
    corrected_error = serializers.FloatField(
        allow_null=True, help_text="After a cross-fitted isotonic regression."
    )
    corrected_distance = serializers.FloatField(allow_null=True)
    gain = BoundsSerializer(
        help_text="The 95 % interval of the mean distance before minus after the correction."
    )
    helps = serializers.BooleanField(help_text="Whether it lies above 0.")
    reason = serializers.CharField(help_text="Why there is no correction.")


class ComparedCriterionSerializer(serializers.Serializer):
    criterion = CriterionRefSerializer()
    alpha = EstimateSerializer()
    ac2 = EstimateSerializer()
    kappa = EstimateSerializer(help_text="Cohen’s kappa, quadratic weights.")
    icc = CorrelationsSerializer()
    same = EstimateSerializer()
    applies = ApplicabilitySerializer()
    beside_people = BesidePeopleSerializer(
        allow_null=True, help_text="What people reach; if the reference is that of people."
    )
    stand_in = StandInSerializer(
        allow_null=True, help_text="Whether a judge could stand in for a person."
    )
    calibration = CalibrationSerializer(
        allow_null=True, help_text="What people give where a judge gives a level."
    )
    left_out = serializers.IntegerField(
        help_text="Items that don’t count, because the judge knows them from its fit."
    )


class ComparedSerializer(serializers.Serializer):
    rater = RaterRefSerializer()
    items = serializers.IntegerField(help_text="Items that both rated, and that count.")
    left_out = serializers.IntegerField(
        help_text="Items that both rated, and that don’t count: a learned judge’s fit learned from "
        "them, from the same profile or from the same text."
    )
    is_recorded = serializers.BooleanField(
        source="rater.is_recorded",
        help_text="False for a judge whose fit did not keep what it learned from: then only items "
        "of the test split count.",
    )
    criteria = ComparedCriterionSerializer(many=True)


class AgreementSerializer(serializers.Serializer):
    version = serializers.UUIDField()
    items = serializers.IntegerField(help_text="Rated items that are counted.")
    hidden = serializers.IntegerField(
        help_text="Rated items left out because you still have to rate them yourself."
    )
    reference = RaterRefSerializer(allow_null=True, help_text="What the others are compared with.")
    people = AmongPeopleSerializer(many=True)
    severity = SeveritySerializer(many=True, help_text="Empty with fewer than two people.")
    references_of_people = ReferenceCountSerializer(many=True)
    others = ComparedSerializer(many=True)


class CorrectedMeanSerializer(serializers.Serializer):
    raw = serializers.FloatField(help_text="The judge’s mean.")
    of = serializers.IntegerField(help_text="Texts that it is the mean of.")
    n = serializers.IntegerField(help_text="Of these, texts with a reference of people.")
    value = serializers.FloatField(allow_null=True, help_text="What people would give on average.")
    low = serializers.FloatField(allow_null=True, help_text="Of its 95 % interval.")
    high = serializers.FloatField(allow_null=True)
    shift = serializers.FloatField(
        allow_null=True, help_text="How far the judge’s mean is above it."
    )
    off = BoundsSerializer(help_text="The 95 % interval of that.")
    weight = serializers.FloatField(help_text="How much the judge counts in it, 0 to 1.")
    unit = serializers.CharField(help_text="profiles or dialogues")
    groups = serializers.IntegerField(help_text="How many of these have a text with a reference.")
    reason = serializers.CharField(help_text="Why there is no corrected mean.")


class CriterionMeanSerializer(serializers.Serializer):
    criterion = CriterionRefSerializer()
    mean = CorrectedMeanSerializer(allow_null=True)
    left_out = serializers.IntegerField(
        help_text="Texts that don’t count, because the judge knows them from its fit."
    )
    more_for_half = serializers.IntegerField(
        allow_null=True, help_text="About how many more ratings make the interval half as wide."
    )


class JudgeRunMeansSerializer(serializers.Serializer):
    criteria = CriterionMeanSerializer(many=True)


class JudgeRunMeansViewSet(ProjectViewSet):
    """The means of a judge run, corrected by the texts of its set that people rated."""

    roles: ClassVar = {"retrieve": JUDGING_READERS}
    queryset = JudgeRun.objects.none()
    serializer_class = JudgeRunMeansSerializer

    @extend_schema(operation_id="judge_run_means", responses=JudgeRunMeansSerializer)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        run = judge_run_for(self.member, kwargs["run_id"])
        return Response(JudgeRunMeansSerializer({"criteria": means_of(run, self.member)}).data)


class AgreementViewSet(ProjectViewSet):
    """Agreement of the raters of one rubric version."""

    roles: ClassVar = {"retrieve": (Role.CLINICIAN, Role.LEAD)}
    queryset = RubricVersion.objects.none()
    serializer_class = AgreementSerializer
    lookup_url_kwarg = "version_id"

    def rows(self) -> QuerySet[RubricVersion]:
        rows = RubricVersion.objects.filter(project=self.member.project, spec__isnull=False)
        return rows.select_related("spec")

    @extend_schema(
        operation_id="agreement_retrieve",
        parameters=[
            OpenApiParameter(
                "reference",
                str,
                description="“people”, or the key of an external rater. Left out: people where "
                "there are any.",
            )
        ],
        responses=AgreementSerializer,
    )
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        version = self.get_object()
        found = VersionAgreement(self.member, version)
        reference = found.reference(request.query_params.get("reference", ""))
        return Response(
            AgreementSerializer(
                {
                    "version": version.pk,
                    "items": found.rated_targets,
                    "hidden": found.hidden,
                    "reference": reference,
                    "people": found.among_people(),
                    "severity": found.severity(),
                    "references_of_people": found.reference_counts(),
                    "others": found.compared_with(reference.key) if reference else [],
                }
            ).data
        )


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        P + "agreement/<uuid:version_id>/",
        AgreementViewSet.as_view({"get": "retrieve"}),
        name="api_agreement_retrieve",
    ),
    path(
        P + "judge-runs/<uuid:run_id>/means/",
        JudgeRunMeansViewSet.as_view({"get": "retrieve"}),
        name="api_judge_run_means",
    ),
]
