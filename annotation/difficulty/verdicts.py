"""The verdict on a reply: the same rule as that of a generation's critic, on stored scores."""

from collections.abc import Iterable

from annotation.generation.refinement import Judgement, Rule, judge_attempt
from annotation.models import DifficultyRun, Score
from rubrics.core.spec import from_json
from rubrics.judging.results import CriterionScore


def rule_of(run: DifficultyRun) -> Rule:
    """What a reply of this run needs to PASS. Nothing is revised, and no dialogue ends."""
    return Rule(
        spec=from_json(run.spec.content),
        thresholds=run.thresholds,
        revisions=0,
        solved_total=None,
        solved_from=1,
    )


def judgement_of(rule: Rule, scores: Iterable[Score], raw: str) -> Judgement:
    """PASS or FAIL of a reply, and what it fell short of. `scores` are those of its rating, `raw`
    is what the model wrote. Raises NoVerdict where a criterion has no score."""
    given = {
        score.criterion_uid: CriterionScore(
            uid=score.criterion_uid,
            status=score.status,  # type: ignore[arg-type]
            value=score.value,
            rationale=score.rationale,
            reason=score.reason,
        )
        for score in scores
    }
    return judge_attempt(rule, given, raw, exchange=1)
