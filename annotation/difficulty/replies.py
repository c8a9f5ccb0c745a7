"""One prompt of a difficulty run with its replies, and why each one failed."""

from collections.abc import Iterator
from dataclasses import dataclass

from annotation.difficulty.hidden import hidden_prompts
from annotation.difficulty.verdicts import judgement_of, rule_of
from annotation.generation.refinement import Judgement, NoVerdict, Rule, needed_in_words
from annotation.models import DifficultyPrompt, DifficultyReply, DifficultyRun
from annotation.ratings.context import Context
from annotation.ratings.targets import context_of
from rubrics.core.spec import CriterionSpec
from rubrics.judging.inputs import candidate_of
from webapp.accounts.access import Member


@dataclass(frozen=True)
class Given:
    """One criterion of a reply: the level that it got, what passes, and whether it fell short."""

    name: str
    value: float | None
    label: str
    needed: str
    is_short: bool
    rationale: str


@dataclass(frozen=True)
class ShownReply:
    """`number` counts from 1. `problems` are those of the four spans."""

    reply: DifficultyReply
    number: int
    response: str
    emotion: str
    criteria: list[Given]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class ShownPrompt:
    """`number` counts from 1; `previous` and `next` are positions, None at the ends. A prompt
    that the person still has to rate (`is_hidden`) shows no replies and no pFAIL."""

    prompt: DifficultyPrompt
    number: int
    of: int
    context: Context
    is_hidden: bool
    replies: list[ShownReply]
    previous: int | None
    next: int | None


def prompt_of(run: DifficultyRun, member: Member, position: int) -> ShownPrompt | None:
    """The prompt at a position, the last one for a position behind it; None without any."""
    last = run.prompts.order_by("-position").values_list("position", flat=True).first()
    if last is None:
        return None
    at = min(position, last)
    prompt = run.prompts.select_related("target__turn__dialogue").get(position=at)
    is_hidden = prompt.pk in hidden_prompts(run, member)
    return ShownPrompt(
        prompt=prompt,
        number=at + 1,
        of=last + 1,
        context=context_of(prompt.target),
        is_hidden=is_hidden,
        replies=[] if is_hidden else list(_replies(run, prompt)),
        previous=at - 1 if at else None,
        next=at + 1 if at < last else None,
    )


def _replies(run: DifficultyRun, prompt: DifficultyPrompt) -> Iterator[ShownReply]:
    rule = rule_of(run)
    rows = prompt.replies.select_related("rating").prefetch_related("rating__scores")
    for reply in rows.order_by("number"):
        said = candidate_of(reply.raw)
        judgement = _judgement(rule, reply)
        yield ShownReply(
            reply=reply,
            number=reply.number + 1,
            response=said["response"],
            emotion=said["emotion"],
            criteria=_criteria(rule, reply, judgement) if judgement else [],
            problems=judgement.problems if judgement else (),
        )


def _judgement(rule: Rule, reply: DifficultyReply) -> Judgement | None:
    if not reply.verdict or reply.rating is None:
        return None
    try:
        return judgement_of(rule, reply.rating.scores.all(), reply.raw)
    except NoVerdict:
        # Judged by an earlier release, which asked for less: its verdict stands without a reason.
        return None


def _criteria(rule: Rule, reply: DifficultyReply, judgement: Judgement) -> list[Given]:
    """In the order of the rubric, those without a PASS level left out."""
    assert reply.rating is not None  # noqa: S101  (a judgement is made of one)
    scores = {score.criterion_uid: score for score in reply.rating.scores.all()}
    short = {each.criterion.uid for each in judgement.shortfalls}
    return [
        Given(
            name=criterion.name,
            value=scores[criterion.uid].value,
            label=_label(criterion, scores[criterion.uid].value),
            needed=needed_in_words(criterion, rule.thresholds[criterion.uid]),
            is_short=criterion.uid in short,
            rationale=scores[criterion.uid].rationale,
        )
        for criterion in rule.spec.criteria
        if criterion.uid in rule.thresholds and criterion.uid in scores
    ]


def _label(criterion: CriterionSpec, value: float | None) -> str:
    label = next((level.label for level in criterion.levels if level.value == value), "")
    if label or value is None or len(criterion.level_values) > 2:
        return label
    return "met" if value == criterion.level_values[-1] else "not met"
