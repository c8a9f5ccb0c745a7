"""The critic at work: a reply is written, judged and revised until it passes.

Each attempt is kept before it is judged, and its verdict as soon as it is there. So the next worker
goes on inside a turn that is half refined.
"""

from collections.abc import Sequence
from typing import NoReturn

from annotation.formats.records import plain_turn, supporter_turn
from annotation.generation import keeping
from annotation.generation.prompts import Message, critique_messages, sent_back
from annotation.generation.prompts import Turn as SaidTurn
from annotation.generation.refinement import (
    Judgement,
    NoVerdict,
    judge_attempt,
    why_never_passed,
)
from annotation.generation.synthesis import Complete, GeneratedTurn, Plan, ask_supporter, turn_seed
from annotation.generation.verdicts import rule_of
from annotation.models import Attempt, Dialogue, GenerationCritic, GenerationRun
from annotation.ratings.context import Context, build_context, context_hash
from rubrics.judging.inputs import JudgeInput
from rubrics.judging.judge import Scorer, rate
from rubrics.judging.results import JudgeResult
from rubrics.judging.spans import without_thinking
from webapp.llm.call_record import CallRecord
from webapp.llm.errors import CircuitOpen, ModelError
from webapp.llm.models import Endpoint
from webapp.runs.work import Claim, in_db
from webapp.text import storable

CRITIQUE_MAX_TOKENS = 200


class Dropped(Exception):
    """A dialogue that is not kept. `reason` is a `GenerationItem.Drop`; the message is for
    people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CriticFailed(Exception):
    """The critic gave no verdict; the message says why. `given_up` says why its `endpoint`
    is not asked any more, where that is so."""

    def __init__(self, message: str, endpoint: Endpoint | None, given_up: str) -> None:
        super().__init__(message)
        self.endpoint = endpoint
        self.given_up = given_up


class Critic:
    """Writes the supporter's turns of one run with its critic. `critique_by` is the critic's
    language model, None where a learned judge is the critic."""

    def __init__(
        self,
        claim: Claim[GenerationRun],
        row: GenerationCritic,
        judge: Scorer,
        supporter: Complete,
        critique_by: Complete | None,
    ) -> None:
        self._claim = claim
        self._row = row
        self._rule = rule_of(row)
        self._judge = judge
        self._supporter = supporter
        self._critique_by = critique_by

    async def reply(
        self, plan: Plan, dialogue: Dialogue, said: Sequence[SaidTurn]
    ) -> GeneratedTurn:
        """The accepted turn after what was said, which is kept by then.

        Raises NoTurn, Dropped where no attempt passes, and CriticFailed."""
        attempt = await in_db(_last_attempt, dialogue, len(said))
        while True:
            if attempt is None or attempt.verdict == Attempt.Verdict.FAIL:
                attempt = await self._write(plan, dialogue, said, attempt)
            await self._judge_attempt(plan, said, attempt)
            if attempt.verdict in Attempt.ACCEPTED:
                return _as_turn(attempt)

    async def _write(
        self,
        plan: Plan,
        dialogue: Dialogue,
        said: Sequence[SaidTurn],
        before: Attempt | None,
    ) -> Attempt:
        """The attempt after `before`, which failed; kept and not judged yet."""
        revision = before.number if before is not None else 0
        turn = await ask_supporter(
            plan,
            said,
            self._supporter,
            sent_back=self._sent_back(before) if before is not None else (),
            revision=revision,
        )
        return await in_db(
            keeping.keep_attempt,
            self._claim,
            dialogue,
            turn,
            number=revision + 1,
            context_hash=context_hash(_context(plan, said, turn.raw)),
        )

    def _sent_back(self, attempt: Attempt) -> list[Message]:
        """What the supporter reads of its attempt. Raises Dropped after the last revision."""
        scores = keeping.scores_from_json(attempt.scores)
        judgement = judge_attempt(
            self._rule, scores, attempt.raw, exchange=_exchange(attempt.position)
        )
        if attempt.number > self._rule.revisions:
            reason, words = why_never_passed(self._rule, judgement)
            raise Dropped(
                reason,
                f"Turn {attempt.position + 1} did not pass in {attempt.number} "
                f"attempt{'s' if attempt.number > 1 else ''}. {words}",
            )
        return sent_back(attempt.raw, judgement, attempt.critique)

    async def _judge_attempt(self, plan: Plan, said: Sequence[SaidTurn], attempt: Attempt) -> None:
        """Keep the verdict on an attempt. Raises CriticFailed where there is none."""
        context = _context(plan, said, attempt.raw)
        # The key is never shown to a judge, and the gold emotion is not in the context.
        asked = JudgeInput(str(attempt.pk), context)
        result = (await rate(self._rule.spec, [asked], self._judge))[0]
        self._claim.note_server_error(result.server_error)
        try:
            judgement = judge_attempt(
                self._rule, result.scores, attempt.raw, exchange=_exchange(attempt.position)
            )
        except NoVerdict as error:
            await self._fail(attempt, result, str(error), given_up=result.given_up)
        critique, calls = await self._criticise(plan, context, attempt, judgement, result)
        await in_db(
            keeping.keep_verdict,
            self._claim,
            self._row,
            attempt,
            judgement,
            result,
            critique=critique,
            critique_calls=calls,
        )

    async def _criticise(
        self,
        plan: Plan,
        context: Context,
        attempt: Attempt,
        judgement: Judgement,
        result: JudgeResult,
    ) -> tuple[str, Sequence[CallRecord]]:
        """The critique of an attempt that failed and will be revised, and the calls for it. Only a
        language model writes one."""
        is_last = attempt.number > self._rule.revisions
        if judgement.verdict != "fail" or is_last or self._critique_by is None:
            return "", ()
        try:
            completion = await self._critique_by(
                critique_messages(context, judgement),
                max_tokens=CRITIQUE_MAX_TOKENS,
                temperature=0.0,
                seed=turn_seed(plan.seed, attempt.position, revision=attempt.number),
            )
        except ModelError as error:
            given_up = error.reason if isinstance(error, CircuitOpen) else ""
            reason = f"The critic wrote no critique: {error}"
            self._claim.note_server_error(error.server_error)
            await self._fail(attempt, result, reason, given_up=given_up, calls=error.calls)
        # What the critic thought before it is for nobody.
        return without_thinking(storable(completion.text)).strip(), completion.calls

    async def _fail(
        self,
        attempt: Attempt,
        result: JudgeResult,
        reason: str,
        *,
        given_up: str,
        calls: Sequence[CallRecord] = (),
    ) -> NoReturn:
        """Keep what the critic answered. Where its endpoint is given up, the attempt waits for the
        next worker."""
        await in_db(
            keeping.keep_no_verdict,
            self._claim,
            self._row,
            attempt,
            result,
            reason,
            is_final=not given_up,
            critique_calls=calls,
        )
        where = f"The critic gave no verdict on turn {attempt.position + 1}."
        raise CriticFailed(f"{where} {reason}", self._row.judge.endpoint, given_up)


def is_solved(dialogue: Dialogue) -> bool:
    """Whether an accepted turn has ended this dialogue."""
    return dialogue.attempts.filter(verdict=Attempt.Verdict.SOLVED).exists()


def _last_attempt(dialogue: Dialogue, position: int) -> Attempt | None:
    return dialogue.attempts.filter(position=position).order_by("-number").first()


def _as_turn(attempt: Attempt) -> GeneratedTurn:
    return GeneratedTurn(
        position=attempt.position,
        speaker="supporter",
        raw=attempt.raw,
        spans={name: getattr(attempt, name) for name in ("understanding", "reasoning", "emotion")},
        text=attempt.text,
        calls=(),
        seed=attempt.seed,
        is_last=attempt.verdict == Attempt.Verdict.SOLVED,
    )


def _context(plan: Plan, said: Sequence[SaidTurn], raw: str) -> Context:
    """What raters and judges may know of the attempt, as of a turn."""
    history = [
        plain_turn("seeker" if turn["role"] == "seeker" else "supporter", turn["text"])
        for turn in said
    ]
    return build_context(plan.profile, plan.situation, history, supporter_turn(raw)[0])


def _exchange(position: int) -> int:
    return position // 2 + 1
