"""The second half of a difficulty run: each reply is judged once and gets its verdict.

Replies with the same words are one text: the judge reads it once, and each of them has the verdict.
A text that the judge has rated by this version before keeps that rating.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef

from annotation.difficulty.settling import settle
from annotation.difficulty.verdicts import judgement_of, rule_of
from annotation.generation.refinement import NoVerdict
from annotation.judge_runs.pipeline import judge_everything
from annotation.judge_runs.work import failure_of, keep_judge_calls, scores_of
from annotation.models import DifficultyReply, DifficultyRun, Rater, Rating, Score, Target
from annotation.ratings.services import NewRating, rater_for_judge, submit_ratings
from annotation.ratings.targets import contexts_of, gold_emotions_of
from rubrics.judges.opening import open_judge
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Scorer, rate
from rubrics.judging.results import JudgeResult
from rubrics.models import Judge
from webapp.runs import live
from webapp.runs.work import Claim, in_db

# Prompts read at once.
CHUNK = 8
# Texts that a learned judge scores at once.
LOT = 64


@dataclass(frozen=True)
class Text:
    """A text to judge, and the replies that say it."""

    target: Target
    replies: list[DifficultyReply]
    asked: JudgeInput


async def judge_all(claim: Claim[DifficultyRun]) -> None:
    """Raises RunFailed where the judge's endpoint is given up; the verdicts so far are kept."""
    row = claim.run.judge
    rater = await in_db(rater_for_judge, judge=row)
    async with open_judge(row, run=claim.run) as judge:
        work = _Judging(claim, row, rater, judge)
        await judge_everything(claim, work, endpoint=row.endpoint, lot=LOT, saved="verdicts")


class _Judging:
    def __init__(
        self, claim: Claim[DifficultyRun], row: Judge, rater: Rater, judge: Scorer
    ) -> None:
        self._claim = claim
        self._row = row
        self._rater = rater
        self._judge = judge
        self._rule = rule_of(claim.run)
        self._read_up_to = -1
        self.given_up = ""

    def next_page(self) -> list[Text]:
        """What the next prompts have to be judged; replies whose text was rated before get their
        verdicts here."""
        while not self.given_up:
            replies = self._waiting()
            if not replies:
                break
            self._read_up_to = replies[-1].prompt.position
            known = self._known({_target(reply).pk for reply in replies})
            if known:
                self._reuse([r for r in replies if r.target_id in known], known)
            if left := [reply for reply in replies if reply.target_id not in known]:
                return _texts(left)
        return []

    def _waiting(self) -> list[DifficultyReply]:
        """The replies of the next prompts that have something to judge."""
        unjudged = DifficultyReply.objects.filter(target__isnull=False, rating=None, error="")
        prompts = self._claim.run.prompts.filter(
            Exists(unjudged.filter(prompt=OuterRef("pk"))), position__gt=self._read_up_to
        )
        page = list(prompts.order_by("position").values_list("pk", flat=True)[:CHUNK])
        rows = unjudged.filter(prompt__in=page).select_related("prompt__target", "target")
        return list(rows.order_by("prompt__position", "number"))

    def _known(self, targets: set[UUID]) -> dict[UUID, Rating]:
        ratings = Rating.objects.filter(
            target__in=targets,
            spec=self._claim.run.spec,
            rater=self._rater,
            purpose=Rating.Purpose.JUDGE,
            pass_number=1,
            withdrawn_at=None,
        )
        return {rating.target_id: rating for rating in ratings}

    def _reuse(self, replies: list[DifficultyReply], known: Mapping[UUID, Rating]) -> None:
        with self._claim.writing():
            self._give_verdicts(replies, known)
            live.publish(self._claim.run.topic)

    async def rate(self, texts: Sequence[Text]) -> list[JudgeResult]:
        results = await rate(self._rule.spec, [text.asked for text in texts], self._judge)
        for result in results:
            self.given_up = result.given_up or self.given_up
            self._claim.note_server_error(result.server_error)
        return results

    def keep(self, done: Sequence[tuple[Text, JudgeResult]]) -> None:
        with self._claim.writing():
            self._keep(done)
            live.publish(self._claim.run.topic)

    def _keep(self, done: Sequence[tuple[Text, JudgeResult]]) -> None:
        run, results = self._claim.run, [result for _, result in done]
        errors = [failure_of(self._rule.spec, result) for result in results]
        calls = keep_judge_calls(
            run,
            judge=self._row,
            spec=run.spec,
            context_hashes=[text.target.context_hash for text, _ in done],
            results=results,
            errors=errors,
        )
        new = []
        for (text, result), error, call in zip(done, errors, calls, strict=True):
            if not error:
                scores = scores_of(result, call)
                purpose = Rating.Purpose.JUDGE
                new.append(NewRating(text.target, run.spec, self._rater, purpose, scores))
        ratings = {made.rating.target_id: made.rating for made in submit_ratings(new)}
        failed = {
            text.target.pk: error for (text, _), error in zip(done, errors, strict=True) if error
        }
        replies = [reply for text, _ in done for reply in text.replies]
        self._give_verdicts([reply for reply in replies if reply.target_id in ratings], ratings)
        self._keep_failures([reply for reply in replies if reply.target_id in failed], failed)

    def _give_verdicts(
        self, replies: list[DifficultyReply], ratings: Mapping[UUID, Rating]
    ) -> None:
        scores: dict[UUID, list[Score]] = {}
        for score in Score.objects.filter(rating__in=ratings.values()):
            scores.setdefault(score.rating_id, []).append(score)
        for reply in replies:
            reply.rating = ratings[_target(reply).pk]
            try:
                given = scores.get(reply.rating.pk, [])
                reply.verdict = judgement_of(self._rule, given, reply.raw).verdict
            except NoVerdict as reason:
                reply.error = f"The judge gave no verdict. {reason}"
        self._update(replies, "rating", "verdict", "error")

    def _keep_failures(self, replies: list[DifficultyReply], errors: Mapping[UUID, str]) -> None:
        for reply in replies:
            reply.error = errors[_target(reply).pk]
        self._update(replies, "error")

    def _update(self, replies: list[DifficultyReply], *fields: str) -> None:
        DifficultyReply.objects.bulk_update(replies, fields)
        settle(self._claim.run, (reply.prompt_id for reply in replies))


def _texts(replies: Sequence[DifficultyReply]) -> list[Text]:
    """As the judge reads them; the gold emotion is for an exact check of the rubric only."""
    by_target: dict[UUID, list[DifficultyReply]] = {}
    for reply in replies:
        by_target.setdefault(_target(reply).pk, []).append(reply)
    contexts = contexts_of([_target(same[0]) for same in by_target.values()])
    gold = gold_emotions_of([same[0].prompt.target for same in by_target.values()])
    return [
        Text(
            target=_target(same[0]),
            replies=same,
            asked=JudgeInput(
                str(pk), {**contexts[pk], "gold_emotion": gold[same[0].prompt.target_id]}
            ),
        )
        for pk, same in by_target.items()
    ]


def _target(reply: DifficultyReply) -> Target:
    assert reply.target is not None  # noqa: S101  (only replies with one are read)
    return reply.target
