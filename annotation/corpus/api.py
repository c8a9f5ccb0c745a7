"""The API of dialogues and imports: the same rows and services as the pages."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.corpus.access import dialogue_for, import_run_for
from annotation.corpus.attempts import Tried
from annotation.corpus.gold_emotions import with_hidden_emotions, without_told
from annotation.corpus.queries import imports_of, with_turn_counts
from annotation.corpus.services import AUTO, import_start
from annotation.corpus.transcript import Line, RatingNote, ScoreLine, Transcript, transcript_of
from annotation.formats.emotions import EMOTIONS
from annotation.formats.registry import READERS
from annotation.models import Attempt, Dialogue, ImportLine, ImportRun, Profile
from annotation.models.corpus import Split
from annotation.roles import DATA_READERS, DATA_WRITERS
from webapp.accounts.access import require_open
from webapp.accounts.project_api import ProjectViewSet
from webapp.accounts.uploads import takes_files
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.ids import new_id
from webapp.runs.api import RunViewSet, run_paths
from webapp.runs.limits import MAX_KEY


class DialogueFilter(django_filters.FilterSet):
    emotion = django_filters.ChoiceFilter(
        field_name="emotion_label", choices=[(name, name) for name in sorted(EMOTIONS)]
    )
    source = django_filters.CharFilter()
    split = django_filters.ChoiceFilter(choices=Split.choices)
    profile = django_filters.UUIDFilter(field_name="profile_id")
    import_run = django_filters.UUIDFilter(method="filter_import_run")
    generation_run = django_filters.UUIDFilter(field_name="generation_item__run_id")

    class Meta:
        model = Dialogue
        fields: ClassVar[list[str]] = []

    def filter_import_run(
        self, rows: QuerySet[Dialogue], name: str, value: UUID
    ) -> QuerySet[Dialogue]:
        lines = ImportLine.objects.filter(run_id=value, dialogue__isnull=False)
        return rows.filter(pk__in=lines.values("dialogue_id"))


class ImportLineFilter(django_filters.FilterSet):
    outcome = django_filters.ChoiceFilter(choices=ImportLine.Outcome.choices)

    class Meta:
        model = ImportLine
        fields: ClassVar[list[str]] = []


class ProfileSerializer(serializers.ModelSerializer[Profile]):
    class Meta:
        model = Profile
        fields = ("id", "number", "text", "mbti", "username")


class DialogueSerializer(serializers.ModelSerializer[Dialogue]):
    turn_count = serializers.IntegerField()
    emotion = serializers.SerializerMethodField(
        help_text="Empty while you still have to rate in the dialogue."
    )
    emotion_label = serializers.SerializerMethodField(
        help_text="The emotion where it is one of the 32; else, or while it is hidden, null."
    )

    class Meta:
        model = Dialogue
        fields = (
            "id", "number", "source", "source_key", "profile", "situation", "emotion",
            "emotion_label", "split", "turn_count", "created_at",
        )  # fmt: skip

    def get_emotion(self, row: Any) -> str:
        return "" if row.hides_emotion else row.emotion

    def get_emotion_label(self, row: Any) -> str | None:
        return None if row.hides_emotion else row.emotion_label


class EvidenceSerializer(serializers.Serializer[Any]):
    span = serializers.CharField()
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)
    quote = serializers.CharField()


class ScoreLineSerializer(serializers.Serializer[ScoreLine]):
    criterion_uid = serializers.CharField(source="score.criterion_uid")
    name = serializers.CharField()
    score_status = serializers.CharField(source="score.status")
    value = serializers.FloatField(source="score.value", allow_null=True)
    expected = serializers.FloatField(source="score.expected", allow_null=True)
    rationale = serializers.CharField(source="score.rationale")
    reason = serializers.CharField(source="score.reason")
    evidence = EvidenceSerializer(many=True)


class RatingNoteSerializer(serializers.Serializer[RatingNote]):
    id = serializers.UUIDField(source="rating.id")
    rater = serializers.CharField()
    rater_kind = serializers.CharField(source="rating.rater.kind")
    purpose = serializers.CharField(source="rating.purpose")
    rubric = serializers.CharField()
    spec_hash = serializers.CharField(source="rating.spec.hash")
    submitted_at = serializers.DateTimeField(source="rating.submitted_at")
    scores = ScoreLineSerializer(source="lines", many=True)


class AttemptSerializer(serializers.Serializer[Tried]):
    """One attempt at a supporter's turn, with what the critic of the generation says of it."""

    id = serializers.UUIDField(source="attempt.id")
    number = serializers.IntegerField(source="attempt.number")
    verdict = serializers.ChoiceField(choices=Attempt.Verdict.choices, source="attempt.verdict")
    text = serializers.CharField(source="attempt.text")
    raw = serializers.CharField(source="attempt.raw")
    problems = serializers.ListField(
        child=serializers.CharField(), help_text="With the four spans; such an attempt fails."
    )
    seed = serializers.IntegerField(source="attempt.seed")
    scores = serializers.JSONField(source="attempt.scores", help_text="By the criterion's uid.")
    total = serializers.FloatField(source="attempt.total", allow_null=True)
    critique = serializers.CharField(source="attempt.critique")
    error = serializers.CharField(source="attempt.error")
    created_at = serializers.DateTimeField(source="attempt.created_at")
    judged_at = serializers.DateTimeField(source="attempt.judged_at", allow_null=True)


class TurnSerializer(serializers.Serializer[Line]):
    id = serializers.UUIDField(source="turn.id")
    position = serializers.IntegerField(source="turn.position")
    role = serializers.CharField(source="turn.role")
    text = serializers.CharField(source="turn.text")
    understanding = serializers.CharField(source="turn.understanding")
    reasoning = serializers.CharField(source="turn.reasoning")
    emotion = serializers.CharField(source="turn.emotion")
    raw = serializers.CharField(source="turn.raw")
    problems = serializers.ListField(child=serializers.CharField())
    ratings = RatingNoteSerializer(source="notes", many=True)
    ratings_hidden = serializers.BooleanField(source="is_hidden")
    attempts = AttemptSerializer(
        many=True, help_text="Empty without a critic, and while any rating is hidden."
    )


class TranscriptSerializer(serializers.Serializer[Transcript]):
    """A dialogue with its turns and the ratings that the asker may see."""

    id = serializers.UUIDField(source="dialogue.id")
    number = serializers.IntegerField(source="dialogue.number")
    source = serializers.CharField(source="dialogue.source")
    source_key = serializers.CharField(source="dialogue.source_key")
    profile = ProfileSerializer(source="dialogue.profile", allow_null=True)
    situation = serializers.CharField(source="dialogue.situation")
    emotion = serializers.CharField(help_text="Empty while you still have to rate in the dialogue.")
    emotion_label = serializers.CharField(allow_null=True)
    split = serializers.CharField(source="dialogue.split")
    meta = serializers.JSONField(help_text="Empty while any rating of it is hidden.")
    created_at = serializers.DateTimeField(source="dialogue.created_at")
    turns = TurnSerializer(source="lines", many=True)
    ratings = RatingNoteSerializer(source="notes", many=True)
    ratings_hidden = serializers.BooleanField(source="is_hidden")
    unfinished = AttemptSerializer(
        many=True, help_text="The attempts at a turn that none of them became."
    )


class ImportSerializer(serializers.ModelSerializer[ImportRun]):
    file_name = serializers.CharField(source="file.name")
    file_size = serializers.IntegerField(source="file.size")
    added = serializers.IntegerField()
    known = serializers.IntegerField()
    broken = serializers.IntegerField()
    broken_counted = serializers.IntegerField(
        help_text="Of the broken records, those that have no line: only their number is kept."
    )

    class Meta:
        model = ImportRun
        fields = (
            "id", "number", "status", "file_name", "file_size", "format", "collection",
            "records_total", "added", "known", "broken", "broken_counted", "error",
            "created_at", "started_at", "ended_at",
        )  # fmt: skip


class NewImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()
    format = serializers.ChoiceField(choices=[AUTO, *READERS], default=AUTO)
    key = serializers.CharField(
        max_length=MAX_KEY, required=False, help_text="The same key returns the same import."
    )


class ImportLineSerializer(serializers.ModelSerializer[ImportLine]):
    class Meta:
        model = ImportLine
        fields = (
            "line", "outcome", "reason", "excerpt", "dialogue", "reasoning_removed",
            "reasoning_cut",
        )  # fmt: skip


class DialogueViewSet(ProjectViewSet):
    queryset = Dialogue.objects.none()
    serializer_class = DialogueSerializer
    filterset_class = DialogueFilter
    lookup_field = "id"
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": DATA_READERS, "retrieve": DATA_READERS}

    def rows(self) -> QuerySet[Dialogue]:
        rows = Dialogue.objects.filter(project=self.member.project, sealed_at__isnull=False)
        if self.request.query_params.get("emotion"):
            rows = without_told(self.member, rows)
        return with_hidden_emotions(with_turn_counts(rows), self.member)

    @extend_schema(responses=TranscriptSerializer)
    def retrieve(self, request: Request, id: UUID, **kwargs: Any) -> Response:
        transcript = transcript_of(dialogue_for(self.member, id), self.member)
        return Response(TranscriptSerializer(transcript).data)


class ImportViewSet(RunViewSet):
    queryset = ImportRun.objects.none()
    serializer_class = ImportSerializer
    parser_classes = (MultiPartParser,)

    def rows(self) -> QuerySet[ImportRun]:
        return imports_of(self.member.project)

    @takes_files(*DATA_WRITERS)
    @extend_schema(request=NewImportSerializer, responses={201: ImportSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        require_open(self.member.project)
        given = NewImportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        file = store(
            project=self.member.project,
            kind=StoredFile.Kind.UPLOAD,
            name=given.validated_data["file"].name,
            content=given.validated_data["file"],
            actor=self.member.user,
        )
        run = import_start(
            project=self.member.project,
            actor=self.member.user,
            file=file,
            format=given.validated_data["format"],
            key=given.validated_data.get("key") or new_id().hex,
        )
        return self.shown(run.pk, status=201)


class ImportLineViewSet(ProjectViewSet):
    """The result for each record of a file."""

    queryset = ImportLine.objects.none()
    serializer_class = ImportLineSerializer
    filterset_class = ImportLineFilter
    roles: ClassVar[dict[str, tuple[str, ...]]] = {"list": DATA_READERS}

    def rows(self) -> QuerySet[ImportLine]:
        return import_run_for(self.member, self.kwargs["id"]).lines.all()


P = "projects/<uuid:project_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    *run_paths(f"{P}imports/", ImportViewSet, "api_import"),
    path(
        P + "dialogues/",
        DialogueViewSet.as_view({"get": "list"}),
        name="api_dialogue_list",
    ),
    path(
        P + "dialogues/<uuid:id>/",
        DialogueViewSet.as_view({"get": "retrieve"}),
        name="api_dialogue_retrieve",
    ),
    path(
        P + "imports/<uuid:id>/lines/",
        ImportLineViewSet.as_view({"get": "list"}),
        name="api_import_lines",
    ),
]
