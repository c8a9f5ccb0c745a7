"""Turns, attempts and calls of a generation as rows, each written under the worker's claim."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from annotation.generation.refinement import Judgement
from annotation.generation.synthesis import GeneratedTurn, Speaker
from annotation.models import (
    Attempt,
    Dialogue,
    GenerationCritic,
    GenerationItem,
    GenerationRun,
    Turn,
)
from annotation.ratings.same_text import normal_hash
from rubrics.judging.results import CriterionScore, JudgeResult
from rubrics.models import JudgeCall
from webapp.llm.call_record import CallRecord
from webapp.llm.call_rows import call_rows
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import live
from webapp.runs.work import Claim
from webapp.text import storable

MAX_ERROR = 4000


def keep_turn(claim: Claim[GenerationRun], dialogue: Dialogue, turn: GeneratedTurn) -> None:
    """A turn that needs no verdict, with the calls that made it."""
    with claim.writing():
        made = _add_turn(claim.run, dialogue, turn.position, turn.speaker, _words(turn))
        keep_calls(claim.run, turn.speaker, turn.calls, made.pk)
        live.publish(claim.run.topic)


def keep_attempt(
    claim: Claim[GenerationRun],
    dialogue: Dialogue,
    turn: GeneratedTurn,
    *,
    number: int,
    context_hash: str,
) -> Attempt:
    """An attempt at a supporter's turn before it is judged, with the calls that made it."""
    with claim.writing():
        made = Attempt.objects.create(
            project_id=claim.run.project_id,
            dialogue=dialogue,
            position=turn.position,
            number=number,
            seed=turn.seed,
            context_hash=context_hash,
            normal_hash=normal_hash(turn.text),
            **_words(turn),
        )
        keep_calls(claim.run, turn.speaker, turn.calls, made.pk)
        live.publish(claim.run.topic)
    return made


def keep_verdict(
    claim: Claim[GenerationRun],
    critic: GenerationCritic,
    attempt: Attempt,
    judgement: Judgement,
    result: JudgeResult,
    *,
    critique: str,
    critique_calls: Sequence[CallRecord],
) -> None:
    """The verdict on an attempt with all that it came from; the turn too, where it is accepted."""
    with claim.writing():
        attempt.verdict = Attempt.Verdict(judgement.verdict)
        attempt.scores = scores_as_json(result.scores, judgement)
        attempt.total = judgement.total
        attempt.critique = critique
        attempt.error = ""
        attempt.judge_call = _keep_judge_call(claim.run, critic, attempt, result)
        attempt.judged_at = timezone.now()
        attempt.save()
        _keep_critique_calls(claim.run, critic, attempt, critique_calls)
        if attempt.verdict in Attempt.ACCEPTED:
            words = {name: getattr(attempt, name) for name in WORDS}
            _add_turn(claim.run, attempt.dialogue, attempt.position, "supporter", words)
        live.publish(claim.run.topic)


def keep_no_verdict(
    claim: Claim[GenerationRun],
    critic: GenerationCritic,
    attempt: Attempt,
    result: JudgeResult,
    reason: str,
    *,
    is_final: bool,
    critique_calls: Sequence[CallRecord] = (),
) -> None:
    """Save the critic’s calls when they gave no verdict. With `is_final` the attempt gets the
    reason."""
    with claim.writing():
        _keep_judge_call(claim.run, critic, attempt, result, reason)
        _keep_critique_calls(claim.run, critic, attempt, critique_calls)
        if is_final:
            attempt.verdict, attempt.error = Attempt.Verdict.ERROR, storable(reason)[:MAX_ERROR]
            attempt.save()
        live.publish(claim.run.topic)


def keep_calls(
    run: GenerationRun, speaker: Speaker, calls: Sequence[CallRecord], made_for: UUID
) -> None:
    is_seeker = speaker == "seeker"
    purpose = ModelCall.Purpose.SIMULATOR if is_seeker else ModelCall.Purpose.SUPPORTER
    endpoint = run.simulator if is_seeker else run.supporter
    _add_calls(run, endpoint, purpose, calls, made_for)


def end_item(item: GenerationItem, state: str, error: str = "", *, drop_reason: str = "") -> None:
    """Done, failed or dropped; within the caller's transaction."""
    GenerationItem.objects.filter(pk=item.pk, state=GenerationItem.State.WAITING).update(
        state=state, error=error, drop_reason=drop_reason, ended_at=timezone.now()
    )


def scores_as_json(scores: Mapping[str, CriterionScore], judgement: Judgement) -> dict[str, Any]:
    """By uid, as `Attempt.scores` keeps them."""
    short = {shortfall.criterion.uid for shortfall in judgement.shortfalls}
    return {
        uid: {
            "status": score.status,
            "value": score.value,
            "rationale": storable(score.rationale),
            "evidence": [storable(passage) for passage in score.evidence],
            "reason": storable(score.reason),
            "is_short": uid in short,
        }
        for uid, score in scores.items()
    }


def scores_from_json(kept: Mapping[str, Any]) -> dict[str, CriterionScore]:
    return {
        uid: CriterionScore(
            uid,
            score["status"],
            value=score["value"],
            rationale=score["rationale"],
            evidence=tuple(score["evidence"]),
            reason=score["reason"],
        )
        for uid, score in kept.items()
    }


# The columns that a turn and an attempt have in common.
WORDS = ("text", "understanding", "reasoning", "emotion", "raw")


def _words(turn: GeneratedTurn) -> dict[str, str]:
    spans = {name: turn.spans.get(name, "") for name in ("understanding", "reasoning", "emotion")}
    return {**spans, "text": turn.text, "raw": turn.raw}


def _add_turn(
    run: GenerationRun, dialogue: Dialogue, position: int, role: Speaker, words: dict[str, str]
) -> Turn:
    return Turn.objects.create(
        project_id=run.project_id, dialogue=dialogue, position=position, role=role, **words
    )


def _keep_judge_call(
    run: GenerationRun,
    critic: GenerationCritic,
    attempt: Attempt,
    result: JudgeResult,
    error: str = "",
) -> JudgeCall:
    call = JudgeCall.objects.create(
        project_id=run.project_id,
        judge=critic.judge,
        spec=critic.spec,
        context_hash=attempt.context_hash,
        run_kind=run.kind,
        run_id=run.pk,
        error=storable(error)[:MAX_ERROR],
        cut=result.cut,
    )
    if critic.judge.endpoint is not None:
        purpose = ModelCall.Purpose.CRITIC
        _add_calls(run, critic.judge.endpoint, purpose, result.calls, call.pk)
    return call


def _keep_critique_calls(
    run: GenerationRun, critic: GenerationCritic, attempt: Attempt, calls: Sequence[CallRecord]
) -> None:
    if critic.judge.endpoint is not None:
        _add_calls(run, critic.judge.endpoint, ModelCall.Purpose.CRITIC, calls, attempt.pk)


def _add_calls(
    run: GenerationRun,
    endpoint: Endpoint,
    purpose: ModelCall.Purpose,
    calls: Sequence[CallRecord],
    made_for: UUID,
) -> None:
    ModelCall.objects.bulk_create(
        call_rows(calls, endpoint=endpoint, purpose=purpose, made_for=made_for, run=run)
    )
