"""The API of the versions of a rubric: what differs, who wrote what, begin again, files."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rubrics import access, formats, history, services
from rubrics.api.rubrics import (
    MAX_REVISION,
    RubricSerializer,
    SeenSerializer,
    VersionTextSerializer,
    given,
)
from rubrics.diff import in_one_sentence
from rubrics.drafts import MAX_TITLE
from rubrics.models import Rubric, RubricVersion
from rubrics.services.reviewing import MAX_WORDS
from rubrics.spec import to_json
from webapp.accounts.access import find_member
from webapp.accounts.project_api import ProjectViewSet
from webapp.errors import Refused

_READ = [each.name for each in formats.FORMATS.values() if each.read]


class PieceSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["same", "gone", "new"])
    text = serializers.CharField()


class DifferenceSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()
    level = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    pieces = PieceSerializer(many=True)


class CriterionDiffSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField()
    name = serializers.CharField()
    effect = serializers.ChoiceField(["new", "removed", "meaning", "wording", "total", "moved"])
    moved = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="Place before and now."
    )
    differences = DifferenceSerializer(many=True)


class CompareSerializer(serializers.Serializer[Any]):
    old = serializers.UUIDField()
    new = serializers.UUIDField()
    finding = serializers.CharField()
    frame = DifferenceSerializer(many=True, help_text="Title, purpose, guidance, formula.")
    criteria = CriterionDiffSerializer(many=True)


class BlamedSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(source="fact.key")
    label = serializers.CharField(source="fact.label")
    text = serializers.CharField(source="fact.text")
    version = serializers.IntegerField(source="version.number")
    written_by = serializers.UUIDField(source="version.saved_by_id", allow_null=True)
    change_note = serializers.CharField(source="version.change_note")


class BlameSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField()
    name = serializers.CharField()
    gone_since = serializers.IntegerField(source="gone_since.number", default=None, allow_null=True)
    parts = BlamedSerializer(many=True, source="fields")


class CarriedSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField()
    name = serializers.CharField()
    ratings = serializers.IntegerField(help_text="Ratings of people that it has now.")
    outcome = serializers.SerializerMethodField(
        help_text="carries, ask (say in `meaning_changed`) or does_not_count."
    )
    suggested = serializers.SerializerMethodField(
        help_text="Whether the text suggests another meaning."
    )

    def get_outcome(self, carried: history.Carried) -> str:
        if carried.question is None:
            return "carries"
        return "does_not_count" if carried.question.forced else "ask"

    def get_suggested(self, carried: history.Carried) -> bool:
        return carried.question is not None and carried.question.suggested


class ConsequencesSerializer(serializers.Serializer[Any]):
    carried = CarriedSerializer(many=True)
    new = serializers.ListField(child=serializers.CharField())


class RefuseSerializer(SeenSerializer):
    words = serializers.CharField(max_length=MAX_WORDS)


class RestoreSerializer(serializers.Serializer[Any]):
    set_aside_revision = serializers.IntegerField(
        min_value=0,
        max_value=MAX_REVISION,
        required=False,
        help_text="The revision of the open draft that is archived to make room.",
    )


class CopySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=MAX_TITLE)
    project = serializers.UUIDField(
        required=False, help_text="Another project in which you write rubrics."
    )


class RubricExportSerializer(serializers.Serializer[Any]):
    file_name = serializers.CharField()
    format = serializers.CharField()
    text = serializers.CharField()
    losses = serializers.ListField(
        child=serializers.CharField(), help_text="What the format leaves out."
    )


class RubricFileSerializer(serializers.Serializer[Any]):
    format = serializers.ChoiceField(_READ)
    text = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(max_length=MAX_TITLE, required=False, default="")
    rubric = serializers.UUIDField(
        required=False, help_text="The rubric that gets a new draft; a new rubric without it."
    )


class RubricHistoryViewSet(ProjectViewSet):
    """What differs between two versions, and who wrote what."""

    queryset = Rubric.objects.none()
    serializer_class = CompareSerializer
    lookup_field = "id"

    @extend_schema(
        parameters=[
            OpenApiParameter("old", OpenApiTypes.UUID, required=True),
            OpenApiParameter("new", OpenApiTypes.UUID, required=True),
        ],
        responses=CompareSerializer,
    )
    def compare(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        rubric = access.rubric_for(self.member, id)
        versions = {str(v.pk): v for v in access.versions_with_texts(self.member, rubric)}
        wanted = [request.query_params.get(name, "") for name in ("old", "new")]
        if not all(wanted):
            raise serializers.ValidationError({"old": "Name two versions, as old and new."})
        if not all(each in versions for each in wanted):
            raise Http404
        old, new = (versions[each] for each in wanted)
        diff = history.difference(old, new)
        return Response(
            CompareSerializer(
                {
                    "old": old.pk,
                    "new": new.pk,
                    "finding": in_one_sentence(diff),
                    "frame": diff.frame,
                    "criteria": diff.criteria,
                }
            ).data
        )

    @extend_schema(
        parameters=[OpenApiParameter("criterion", str, required=True)], responses=BlameSerializer
    )
    def blame(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        rubric = access.rubric_for(self.member, id)
        if "criterion" not in request.query_params:
            raise serializers.ValidationError({"criterion": "Name a criterion by its uid."})
        lineage = access.lineage(self.member, rubric)
        found = history.blame(lineage, request.query_params["criterion"])
        if found is None:
            raise Http404
        return Response(BlameSerializer(found).data)


class VersionStepsViewSet(ProjectViewSet):
    """What is done with a version beside writing and publishing it."""

    queryset = RubricVersion.objects.none()
    serializer_class = VersionTextSerializer
    lookup_field = "id"
    roles = dict.fromkeys(("refuse", "restore", "copy", "consequences"), access.WRITERS)

    @extend_schema(request=RefuseSerializer)
    def refuse(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Send a text in review back to its author with words."""
        version = access.version_for(self.member, id)
        refused = services.version_refuse(
            version=version, actor=self.member.user, **given(RefuseSerializer, request)
        )
        return Response(self.get_serializer(refused).data)

    @extend_schema(request=RestoreSerializer, responses={201: VersionTextSerializer})
    def restore(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Begin a new draft with the text of this version."""
        version = access.version_for(self.member, id)
        restored = services.version_restore(
            version=version, actor=self.member.user, **given(RestoreSerializer, request)
        )
        return Response(self.get_serializer(restored).data, status=201)

    @extend_schema(request=CopySerializer, responses={201: RubricSerializer})
    def copy(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """Begin a rubric of its own with the text of this version."""
        version = access.version_for(self.member, id)
        wanted = given(CopySerializer, request)
        project = access.writable_projects(self.member.user).filter(
            pk=wanted.get("project", self.member.project.pk)
        )
        target = project.first()
        if target is None:
            raise Refused("You write no rubrics in that project.", code="project")
        rubric = services.version_copy(
            version=version, actor=self.member.user, project=target, name=wanted["name"]
        )
        there = find_member(self.member.user, target.pk)
        assert there is not None  # noqa: S101  (writable_projects holds memberships)
        return Response(RubricSerializer(access.rubric_for(there, rubric.pk)).data, status=201)

    @extend_schema(responses=ConsequencesSerializer)
    def consequences(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        """What publishing this text would do to the ratings that people gave."""
        version = access.version_for(self.member, id)
        found = history.consequences(self.member.project, history.spec_of(version))
        return Response(ConsequencesSerializer(found).data)

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=list(formats.FORMATS), required=True)],
        responses=RubricExportSerializer,
    )
    def export(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        version = access.version_for(self.member, id)
        wanted = request.query_params.get("as", "")
        if wanted not in formats.FORMATS:
            names = ", ".join(formats.FORMATS)
            raise serializers.ValidationError({"as": f"One of {names} was expected."})
        spec = history.spec_of(version)
        name = slugify(spec.title)[:60] or "rubric"
        return Response(
            RubricExportSerializer(
                {
                    "file_name": f"{name}-{version.number}.{formats.FORMATS[wanted].suffix}",
                    "format": wanted,
                    "text": formats.write(spec, wanted),
                    "losses": formats.losses(spec, wanted),
                }
            ).data
        )


class RubricImportViewSet(ProjectViewSet):
    queryset = RubricVersion.objects.none()
    serializer_class = VersionTextSerializer
    roles = {"create": access.WRITERS}

    @extend_schema(request=RubricFileSerializer, responses={201: VersionTextSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Read a file into a new rubric's draft, or into a new draft of a rubric that is there."""
        wanted = given(RubricFileSerializer, request)
        title = wanted["name"].strip() or "Imported rubric"
        try:
            spec = formats.read(wanted["text"].encode(), wanted["format"], title=title)
        except (formats.BadFile, UnicodeEncodeError) as bad:
            raise serializers.ValidationError({"text": str(bad)}) from bad
        actor = self.member.user
        if "rubric" in wanted:
            rubric = access.rubric_for(self.member, wanted["rubric"])
            version = services.draft_import(rubric=rubric, actor=actor, spec=spec)
        else:
            name = wanted["name"].strip() or spec.title
            version = services.rubric_create(
                project=self.member.project, actor=actor, name=name, content=to_json(spec)
            ).versions.get()
        return Response(self.get_serializer(version).data, status=201)
