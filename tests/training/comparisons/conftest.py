"""A finished evaluation of a warm model, a cold one and the corpus. Each prompt has its own
profile."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Cast
from tests.support.comparisons import Judged, new_pairs
from tests.support.objects import Setting
from training.comparisons.services import comparison_start
from training.models import Answer, EvaluatedSystem, EvaluationComparison, EvaluationRun

PROMPTS = 6


@dataclass(frozen=True)
class Evaluated:
    cast: Cast
    run: EvaluationRun
    warm: EvaluatedSystem
    cold: EvaluatedSystem
    corpus: EvaluatedSystem

    def compare(self, **changes: Any) -> EvaluationComparison:
        plan: dict[str, Any] = {
            "run": self.run,
            "actor": self.cast.leads[0],
            "name": "Which one",
            "first": self.warm,
            "second": self.cold,
            "raters": list(self.cast.annotators),
        }
        return comparison_start(**(plan | changes))

    def at_desk(self, link: EvaluationComparison) -> Judged:
        return Judged(self.cast, link.comparison)


@pytest.fixture
def evaluated(cast: Cast) -> Evaluated:
    run = Setting(cast.project, cast.leads[0])["evaluated_id"]
    corpus = run.systems.get()
    warm, cold = (
        EvaluatedSystem.objects.create(project=cast.project, run=run, position=position, name=name)
        for position, name in ((1, "Warm model"), (2, "Cold model"))
    )
    pairs = new_pairs(cast, PROMPTS + 1, identical=1, first=100)
    Answer.objects.bulk_create(
        Answer(
            project=cast.project, system=system, prompt=pair.prompt, position=position,
            target=target, raw="r", format=1,
        )
        for position, pair in enumerate(pairs)
        for system, target in ((warm, pair.first), (cold, pair.second), (corpus, pair.prompt))
    )  # fmt: skip
    return Evaluated(cast, run, warm, cold, corpus)
