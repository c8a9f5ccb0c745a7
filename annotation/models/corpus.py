"""Profiles, dialogues and turns, and the sets that later steps use."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.formats.emotions import EMOTIONS
from webapp.accounts.models import ProjectRow
from webapp.db import append_only
from webapp.limits import SEED


class Split(models.TextChoices):
    TRAIN = "train", "Train"
    VALIDATION = "validation", "Validation"
    TEST = "test", "Test"


class Profile(ProjectRow):
    """The person that a seeker is simulated from or spoke as."""

    number = models.PositiveIntegerField()
    text = models.TextField()
    mbti = models.CharField(max_length=8, blank=True)
    username = models.CharField(max_length=120, blank=True)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="profile_number"),
            models.UniqueConstraint(fields=["project", "content_hash"], name="profile_content"),
        ]


class Dialogue(ProjectRow):
    number = models.PositiveIntegerField()
    # Where it came from and its name there: the same import key is the same dialogue.
    source = models.CharField(max_length=40)
    source_key = models.CharField(max_length=200)
    profile = models.ForeignKey(Profile, null=True, on_delete=models.PROTECT, related_name="+")
    situation = models.TextField(blank=True)
    emotion = models.CharField(max_length=80, blank=True)
    # One of the 32 where `emotion` is exactly one of them, never guessed.
    emotion_label = models.CharField(max_length=16, null=True)  # noqa: DJ001
    split_key = models.CharField(max_length=200)
    split = models.CharField(max_length=10, choices=Split)
    # What the source told beyond these columns.
    meta = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    sealed_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="dialogue_number"),
            models.UniqueConstraint(
                fields=["project", "source", "source_key"], name="dialogue_import_key"
            ),
            models.CheckConstraint(
                condition=Q(emotion_label=None) | Q(emotion_label__in=EMOTIONS),
                name="known_emotion_label",
            ),
        ]
        indexes = [models.Index(fields=["project", "emotion_label", "-number"])]
        triggers = append_only(when="OLD.sealed_at IS NOT NULL")

    def __str__(self) -> str:
        return f"Dialogue {self.number}"


class Turn(ProjectRow):
    class Role(models.TextChoices):
        SYSTEM = "system", "System"
        SEEKER = "seeker", "Seeker"
        SUPPORTER = "supporter", "Supporter"

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="turns")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=9, choices=Role)
    # What was said: of a supporter with four spans, the response.
    text = models.TextField()
    understanding = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    # As the supporter wrote it: a word of the 32 where all is well, a paragraph where it is not.
    emotion = models.TextField(blank=True)
    # As it came, in the spelling that it came in.
    raw = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["dialogue", "position"], name="turn_position"),
            models.CheckConstraint(
                condition=Q(role__in=["system", "seeker", "supporter"]), name="known_turn_role"
            ),
        ]
        triggers = append_only()

    @property
    def spans(self) -> dict[str, str] | None:
        """The four spans where none is missing, as `annotation.ratings.context` reads a turn."""
        spans = {
            "understanding": self.understanding,
            "reasoning": self.reasoning,
            "emotion": self.emotion,
            "response": self.text,
        }
        return spans if all(spans.values()) else None


class Target(ProjectRow):
    """What is rated: a turn, a dialogue, a pair or a text with its context (DECISIONS 4)."""

    class Kind(models.TextChoices):
        TURN = "turn", "Supporter turn"
        DIALOGUE = "dialogue", "Dialogue"
        TEXT = "text", "Text"

    kind = models.CharField(max_length=8, choices=Kind)
    turn = models.ForeignKey(Turn, null=True, on_delete=models.PROTECT, related_name="targets")
    dialogue = models.ForeignKey(
        Dialogue, null=True, on_delete=models.PROTECT, related_name="targets"
    )
    # The frozen context of a text, which has no turn to read it from.
    context = models.JSONField(null=True)
    content_hash = models.CharField(max_length=64)
    context_hash = models.CharField(max_length=64)
    # Texts that say the same have the same one (annotation.ratings.same_text); "" says nothing.
    normal_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind="turn", turn__isnull=False, dialogue=None, context=None)
                | Q(kind="dialogue", turn=None, dialogue__isnull=False, context=None)
                | Q(kind="text", turn=None, dialogue=None, context__isnull=False),
                name="target_parts",
            ),
            models.UniqueConstraint(
                fields=["turn"], condition=Q(kind="turn"), name="one_target_per_turn"
            ),
            models.UniqueConstraint(
                fields=["dialogue"], condition=Q(kind="dialogue"), name="one_target_per_dialogue"
            ),
            models.UniqueConstraint(
                fields=["project", "context_hash"], condition=Q(kind="text"), name="text_content"
            ),
        ]
        indexes = [models.Index(fields=["project", "normal_hash"], name="target_normal_hash")]
        triggers = append_only()


class Collection(ProjectRow):
    """A named query over the corpus."""

    MAX_NAME = 120

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=MAX_NAME)
    # See annotation.sets for the keys that it may have.
    query = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="collection_number"),
        ]

    def __str__(self) -> str:
        return self.name


class Snapshot(ProjectRow):
    """The members of a collection at one time, frozen: what runs and queues use."""

    number = models.PositiveIntegerField()
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="snapshots")
    seed = models.PositiveIntegerField(default=SEED.default)
    # SHA-256 over the members' context hashes, in order.
    hash = models.CharField(max_length=64)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["project", "number"], name="snapshot_number"),
        ]
        triggers = append_only()

    @property
    def short_hash(self) -> str:
        return self.hash[:6]


class SnapshotMember(ProjectRow):
    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="members")
    position = models.PositiveIntegerField()
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="+")

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["snapshot", "position"], name="member_position"),
            models.UniqueConstraint(fields=["snapshot", "target"], name="member_once"),
        ]
        triggers = append_only()
