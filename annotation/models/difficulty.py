"""How hard prompts are for a model: fresh replies to each one, each with a verdict."""

from django.db import models
from django.db.models import F, Q

from annotation.difficulty.limits import HARD_FROM, REPLIES
from annotation.models.corpus import Collection, Snapshot, Split, Target
from annotation.models.ratings import Rating
from rubrics.models import Judge, RubricVersion, Spec
from webapp.accounts.models import ProjectRow
from webapp.db import frozen, undeletable, untruncatable
from webapp.llm.models import Endpoint
from webapp.runs.models import Run


class DifficultyRun(Run):
    kind = "difficulty"
    title = "Difficulty run"
    task = "annotation.work_on_difficulty"

    # The set that was chosen; the prompts are drawn from one split of it.
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="+")
    split = models.CharField(max_length=10, choices=Split)
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="+")
    spec = models.ForeignKey(Spec, on_delete=models.PROTECT, related_name="+")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="+")
    # The PASS level of each criterion, by uid.
    thresholds = models.JSONField()
    # K: fresh replies to each prompt.
    replies = models.PositiveSmallIntegerField(default=REPLIES.default)
    max_tokens = models.PositiveIntegerField()
    temperature = models.FloatField()
    seed = models.PositiveIntegerField()

    class Meta(Run.Meta):
        constraints = [
            *Run.Meta.constraints,
            models.CheckConstraint(
                condition=Q(replies__range=(REPLIES.least, REPLIES.most)),
                name="difficulty_replies",
            ),
        ]


class DifficultyPrompt(ProjectRow):
    """One prompt of a run: the place of a supporter turn, given the turns before it."""

    class Difficulty(models.TextChoices):
        EASY = "easy", "Easy"
        HARD = "hard", "Hard"

    run = models.ForeignKey(DifficultyRun, on_delete=models.CASCADE, related_name="prompts")
    position = models.PositiveIntegerField()
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="difficulty_prompts")
    # K, how many of the K replies have a verdict, and the share of FAIL among these. Null where
    # none has one, and until all replies of the prompt have ended.
    k = models.PositiveSmallIntegerField()
    judged = models.PositiveSmallIntegerField(default=0)
    p_fail = models.FloatField(null=True)

    class Meta(ProjectRow.Meta):
        ordering = ["position"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["run", "target"], name="difficulty_prompt_once"),
            models.UniqueConstraint(fields=["run", "position"], name="difficulty_position"),
            models.CheckConstraint(
                condition=Q(judged=0, p_fail=None)
                | Q(judged__gt=0, judged__lte=F("k"), p_fail__range=(0.0, 1.0)),
                name="p_fail_of_judged",
            ),
        ]
        indexes = [models.Index(fields=["run", "p_fail"])]

    @property
    def difficulty(self) -> str:
        """Easy or hard; empty without pFAIL."""
        if self.p_fail is None:
            return ""
        return str(self.Difficulty.HARD if self.p_fail >= HARD_FROM else self.Difficulty.EASY)


# The prompts of each difficulty, as `DifficultyPrompt.difficulty` tells them.
DIFFICULTIES = {
    str(DifficultyPrompt.Difficulty.EASY): Q(p_fail__lt=HARD_FROM),
    str(DifficultyPrompt.Difficulty.HARD): Q(p_fail__gte=HARD_FROM),
}


class DifficultyReply(ProjectRow):
    """One fresh reply to a prompt. As a `text` target it is rated like any other text; two replies
    with the same words are one target with one rating, and each has its verdict."""

    class Verdict(models.TextChoices):
        PASS = "pass", "PASS"
        FAIL = "fail", "FAIL"

    prompt = models.ForeignKey(DifficultyPrompt, on_delete=models.CASCADE, related_name="replies")
    # Counts from 0.
    number = models.PositiveSmallIntegerField()
    raw = models.TextField(blank=True)
    target = models.ForeignKey(Target, null=True, on_delete=models.PROTECT, related_name="+")
    rating = models.ForeignKey(Rating, null=True, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=4, choices=Verdict, blank=True)
    # Why there is no reply, no rating, or no verdict on a rating.
    error = models.TextField(blank=True)

    class Meta(ProjectRow.Meta):
        ordering = ["number"]
        constraints = [
            *ProjectRow.Meta.constraints,
            models.UniqueConstraint(fields=["prompt", "number"], name="difficulty_reply_number"),
            models.CheckConstraint(
                condition=Q(rating=None, verdict="")
                | Q(
                    target__isnull=False,
                    rating__isnull=False,
                    verdict__in=["pass", "fail"],
                    error="",
                )
                | (Q(target__isnull=False, rating__isnull=False, verdict="") & ~Q(error="")),
                name="verdict_or_error",
            ),
        ]
        triggers = [
            frozen(when="OLD.rating_id IS NOT NULL"),
            frozen(
                name="words_frozen",
                when="OLD.target_id IS NOT NULL",
                but=("rating_id", "verdict", "error"),
            ),
            undeletable(when="OLD.target_id IS NOT NULL"),
            untruncatable(),
        ]
