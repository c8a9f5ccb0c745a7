"""Who criticises the replies of a generation, and every attempt at a reply with its verdict."""

from django.db import models
from django.db.models import Q

from annotation.generation.limits import EXCHANGES, REVISIONS
from annotation.models.corpus import Dialogue
from annotation.models.runs import GenerationRun
from rubrics.core.drafts import MAX_ID
from rubrics.models import Judge, JudgeCall, RubricVersion, Spec
from webapp.accounts.models import ProjectRow
from webapp.db import append_only, frozen, undeletable, untruncatable


class GenerationCritic(ProjectRow):
    """The critic of a run, pinned: a published version with a judge, and what passes."""

    run = models.OneToOneField(GenerationRun, on_delete=models.CASCADE, related_name="critic")
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    # The PASS level of each criterion, by uid.
    thresholds = models.JSONField()
    # How often a reply that failed is written again.
    revisions = models.PositiveSmallIntegerField(default=REVISIONS.default)
    # From this exchange on, a reply that passes with this total or more ends its dialogue. No
    # total: no dialogue ends early.
    solved_total = models.FloatField(null=True)
    solved_from = models.PositiveSmallIntegerField()
    # The uid of the criterion that a reply misses where it contradicts the profile.
    profile_criterion = models.CharField(max_length=MAX_ID, blank=True)

    class Meta(ProjectRow.Meta):
        constraints = [
            *ProjectRow.Meta.constraints,
            models.CheckConstraint(
                condition=Q(revisions__lte=REVISIONS.most), name="critic_revisions"
            ),
            models.CheckConstraint(
                condition=Q(solved_from__range=(EXCHANGES.least, EXCHANGES.most)),
                name="critic_solved_from",
            ),
        ]
        triggers = append_only()


class Attempt(ProjectRow):
    """One attempt at a supporter's turn, with what the critic says of it. It is kept before it is
    judged. Its words never change, and nothing of it does once it has a verdict."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ERROR = "error", "No verdict"
        FAIL = "fail", "FAIL"
        PASS = "pass", "PASS"
        SOLVED = "solved", "SOLVED"

    GIVEN = (Verdict.FAIL, Verdict.PASS, Verdict.SOLVED)
    ACCEPTED = (Verdict.PASS, Verdict.SOLVED)

    dialogue = models.ForeignKey(Dialogue, on_delete=models.CASCADE, related_name="attempts")
    # The turn that it is an attempt at, and which one it is, from 1.
    position = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    understanding = models.TextField(blank=True)
    reasoning = models.TextField(blank=True)
    emotion = models.TextField(blank=True)
    raw = models.TextField()
    seed = models.PositiveIntegerField()
    # Of what the critic reads: profile, situation, the turns before and this attempt.
    context_hash = models.CharField(max_length=64)
    # Of its response, as that of a target.
    normal_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    verdict = models.CharField(max_length=7, choices=Verdict, default=Verdict.WAITING)
    # {uid: {"status", "value", "rationale", "evidence", "reason", "is_short"}}, where `is_short`
    # says that the PASS level was missed, and the rubric's total, where it is defined.
    scores = models.JSONField(default=dict)
    total = models.FloatField(null=True)
    critique = models.TextField(blank=True)
    # Why the critic gave no verdict. The attempt is judged again when the run goes on.
    error = models.TextField(blank=True)
    judge_call = models.ForeignKey(JudgeCall, null=True, on_delete=models.PROTECT, related_name="+")
    judged_at = models.DateTimeField(null=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position", "number"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["dialogue", "position", "number"], name="attempt_number"
            ),
            models.UniqueConstraint(
                fields=["dialogue", "position"],
                condition=Q(verdict__in=["pass", "solved"]),
                name="one_accepted_attempt",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="attempt_counts_from_1"),
            models.CheckConstraint(
                condition=Q(verdict="waiting", error="", judged_at=None)
                | (Q(verdict="error", judged_at=None) & ~Q(error=""))
                | Q(verdict__in=["fail", "pass", "solved"], error="", judged_at__isnull=False),
                name="attempt_verdict",
            ),
        ]
        indexes = [
            models.Index(fields=["context_hash"]),
            models.Index(fields=["project", "normal_hash"], name="attempt_normal_hash"),
        ]
        triggers = [
            frozen(when="OLD.verdict IN ('fail', 'pass', 'solved')"),
            frozen(
                name="words_frozen",
                but=(
                    "verdict",
                    "scores",
                    "total",
                    "critique",
                    "error",
                    "judge_call_id",
                    "judged_at",
                ),  # fmt: skip
            ),
            undeletable(),
            untruncatable(),
        ]
