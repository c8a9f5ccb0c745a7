"""The API of the gate: the same rows and services as the page."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from rubrics.access import rubric_for
from rubrics.judges.access import judge_for
from training.gate import services
from training.gate.access import EDITORS, READERS, published_for, rule_for
from training.gate.checks import check_gate
from training.gate.queries import rules_of
from training.gate.serializers import (
    GateChecksSerializer,
    GateRuleSerializer,
    NewGateRuleSerializer,
)
from training.models import GateRule
from webapp.accounts.project_api import ProjectViewSet
from webapp.ids import as_uuid


class GateViewSet(ProjectViewSet):
    """What a rubric and its judge must show before a run may train on their scores."""

    queryset = GateRule.objects.none()
    serializer_class = GateRuleSerializer
    filter_backends = ()
    roles: ClassVar = {"list": READERS, "checks": READERS, "create": EDITORS, "destroy": EDITORS}

    def rows(self) -> QuerySet[GateRule]:
        return rules_of(self.member.project)

    @extend_schema(request=NewGateRuleSerializer, responses={201: GateRuleSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        given = NewGateRuleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        rubric = rubric_for(self.member, asked.pop("rubric")) if "rubric" in asked else None
        rule = services.rule_add(
            project=self.member.project, actor=self.member.user, rubric=rubric, **asked
        )
        return Response(GateRuleSerializer(rule).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        services.rule_remove(rule=rule_for(self.member, id), actor=self.member.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        responses=GateChecksSerializer,
        parameters=[
            OpenApiParameter("version", UUID, required=True, description="A rubric version."),
            OpenApiParameter("judge", UUID, required=True, description="A version of a judge."),
        ],
    )
    def checks(self, request: Request, **kwargs: Any) -> Response:
        """Whether a rubric version and a judge meet the gate now."""
        version = published_for(self.member, self._named("version"))
        judge = judge_for(self.member, self._named("judge"))
        return Response(GateChecksSerializer(check_gate(self.member, version, judge)).data)

    def _named(self, name: str) -> UUID:
        found = as_uuid(self.request.query_params.get(name, ""))
        if found is None:
            raise serializers.ValidationError({name: ["Name one by its id."]})
        return found


P = "projects/<uuid:project_id>/gate"
view = GateViewSet.as_view

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{P}/", view({"get": "list", "post": "create"}), name="api_gate_list"),
    path(f"{P}/checks/", view({"get": "checks"}), name="api_gate_checks"),
    path(f"{P}/<uuid:id>/", view({"delete": "destroy"}), name="api_gate_destroy"),
]
