"""The battery as judges of every project are tried on it: its written cases, and attacks in the
written corpus of the demo. Fixed, so that reports of two projects can be compared. Pure."""

import random
from collections import Counter
from functools import lru_cache

from annotation.demo.written import written_dialogues
from annotation.ratings.context import Context, build_context
from rubrics.judging.battery.by_code import cases_by_code
from rubrics.judging.battery.case import Case, cases_hash
from rubrics.judging.battery.written import written_cases
from rubrics.judging.vetoes.found import find_vetoes

SEED = 0


@lru_cache(maxsize=1)
def battery() -> tuple[Case, ...]:
    """All cases, in the order in which they are judged."""
    return (*cases_by_code(corpus_contexts(), seed=SEED), *written_cases())


@lru_cache(maxsize=1)
def battery_hash() -> str:
    """What a report names: reports on other cases can't be compared."""
    return cases_hash(battery())


@lru_cache(maxsize=1)
def vetoed() -> Counter[tuple[str, str]]:
    """How many cases of each kind and origin fall under a veto: no judge can give them much."""
    return Counter((case.kind, case.origin) for case in battery() if find_vetoes(case.context))


@lru_cache(maxsize=1)
def by_id() -> dict[str, Case]:
    return {case.id: case for case in battery()}


def corpus_contexts() -> list[Context]:
    """The context of one supporter's turn of each written dialogue."""
    chance = random.Random(SEED)  # noqa: S311  (cases, not secrets)
    contexts = []
    for each in written_dialogues():
        dialogue, turns = each.dialogue, each.dialogue.turns
        at = chance.choice([i for i, turn in enumerate(turns) if turn.role == "supporter"])
        contexts.append(
            build_context(dialogue.profile_text, dialogue.situation, turns[:at], turns[at])
        )
    return contexts
