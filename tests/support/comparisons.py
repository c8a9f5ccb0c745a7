"""A small blind comparison: prompts of a corpus, two replies to each, and three annotators."""

from dataclasses import dataclass
from typing import Any

import pytest

from annotation.comparisons import judging
from annotation.comparisons.services import NewPair, comparison_create
from annotation.models import Comparison, PairJudgement, Rater, Target
from annotation.ratings.services import rater_for_person
from annotation.ratings.targets import context_of, targets_for, text_target
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, supporter_turns
from webapp.accounts.models import User

WARM = (
    "<understanding>It is night.</understanding><reasoning>Stay close.</reasoning>"
    "<emotion>lonely</emotion><response>Warm words {n}. Who was there?</response>"
)
COLD = "Cold words {n}. Get some sleep."


@dataclass(frozen=True)
class Judged:
    """The cast at work on one comparison. The first reply of each pair is the warm one."""

    cast: Cast
    comparison: Comparison

    def rater(self, user: User) -> Rater:
        return rater_for_person(project=self.cast.project, user=user)

    def claim(self, user: User) -> PairJudgement:
        claimed = judging.claim_next(comparison=self.comparison, rater=self.rater(user))
        assert claimed is not None
        return claimed

    def judge(self, user: User, chosen: str) -> PairJudgement:
        """Take the next pair and choose the first reply, the second, or a tie."""
        held = self.claim(user)
        return judging.judge(judgement=held, choice=choice_for(held, chosen), active_seconds=10)


def choice_for(held: PairJudgement, chosen: str) -> str:
    """The letter that this person sees on the first or the second reply."""
    if chosen == "tie":
        return "tie"
    return "a" if (chosen == "first") == held.first_is_a else "b"


def new_pairs(cast: Cast, count: int, *, identical: int = 0, first: int = 1) -> list[NewPair]:
    """Pairs of a warm and a cold reply; the last `identical` say the same twice."""
    dialogues = added(
        cast.project, *(parsed(n, pairs=2, own_words=True) for n in range(first, first + count))
    )
    turns = [supporter_turns(dialogue)[1].pk for dialogue in dialogues]
    pairs = []
    for number, prompt in enumerate(targets_for(project=cast.project, turns=turns)):
        warm = reply(prompt, WARM.format(n=number))
        cold = warm if number >= count - identical else reply(prompt, COLD.format(n=number))
        pairs.append(NewPair(prompt, warm, cold))
    return pairs


def reply(prompt: Target, raw: str) -> Target:
    context = context_of(prompt)
    return text_target(
        project=prompt.project,
        profile=context["profile"],
        situation=context["situation"],
        history=context["history"],
        raw=raw,
    )


def build_comparison(
    cast: Cast,
    *,
    pairs: int | list[NewPair] = 3,
    identical: int = 0,
    first: int = 1,
    **changes: Any,
) -> Judged:
    plan: dict[str, Any] = {
        "project": cast.project,
        "actor": cast.leads[0],
        "name": "Warm or cold",
        "pairs": new_pairs(cast, pairs, identical=identical, first=first)
        if isinstance(pairs, int)
        else pairs,
        "raters": [*cast.annotators, cast.leads[1]],
    }
    return Judged(cast, comparison_create(**(plan | changes)))


@pytest.fixture
def judged(cast: Cast) -> Judged:
    return build_comparison(cast)
