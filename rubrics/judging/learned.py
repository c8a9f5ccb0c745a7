"""The sparse learned judge: fitted on ratings of a rubric, with no model server.

It never reads the wording of a criterion. So it names the criterion hashes that its ratings were
given under, and leaves any other criterion unscored.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import sparse

from rubrics.core.spec import CriterionSpec, RubricSpec, criterion_hash
from rubrics.judging.features import Features, fit_features
from rubrics.judging.inputs import JudgeInput, judged_text
from rubrics.judging.ordinal import OrdinalModel, fit_ordinal
from rubrics.judging.results import CriterionScore, JudgeResult

DOES_NOT_READ_WORDING = (
    "This judge does not read wording. It learned from ratings, and has no ratings for the current "
    "wording of this criterion. Fit it again, or choose a judge that reads the rubric."
)
_MAX_PASSAGES = 2
_PASSAGE = re.compile(r"[^\s.!?…][^.!?…\n]*[.!?…]*")


@dataclass(frozen=True)
class LabelledRow:
    """A context and the levels that one rater gave, by uid of the criterion; some may lack."""

    context: dict[str, Any]
    levels: Mapping[str, int]


@dataclass(frozen=True)
class FittedCriterion:
    criterion_hash: str
    ratings: int
    model: OrdinalModel


@dataclass(frozen=True)
class LearnedJudge:
    features: Features
    fitted: Mapping[str, FittedCriterion]

    @property
    def fitted_on(self) -> dict[str, str]:
        """The criterion hashes that this judge can score, by uid."""
        return {uid: fitted.criterion_hash for uid, fitted in self.fitted.items()}

    async def score(self, spec: RubricSpec, inputs: Sequence[JudgeInput]) -> list[JudgeResult]:
        """The judge criteria of every input, in the order of the inputs."""
        scores: list[dict[str, CriterionScore]] = [{} for _ in inputs]
        for criteria in _by_spans(spec.judge_criteria) if inputs else ():
            reading = _read(self.features, spec, criteria[0], inputs)
            for criterion in criteria:
                for row, score in enumerate(self._score_criterion(criterion, reading)):
                    scores[row][criterion.uid] = score
        return [JudgeResult(item.key, row) for item, row in zip(inputs, scores, strict=True)]

    def _score_criterion(
        self, criterion: CriterionSpec, reading: "_Reading"
    ) -> list[CriterionScore]:
        fitted = self.fitted.get(criterion.uid)
        if fitted is None or fitted.criterion_hash != criterion_hash(criterion):
            unread = CriterionScore(criterion.uid, "not_scored", reason=DOES_NOT_READ_WORDING)
            return [unread] * len(reading.passages)
        model = fitted.model
        upwards = model.coefficients[:, : self.features.text_columns].sum(axis=0)
        pulls = iter((reading.passage_features @ upwards).tolist())
        scores = []
        for row, passages in zip(
            model.probabilities(reading.features), reading.passages, strict=True
        ):
            heaviest = _heaviest([(next(pulls), passage) for passage in passages])
            score = CriterionScore(
                criterion.uid,
                "scored",
                value=float(model.levels[row.argmax()]),
                expected=float(row @ model.levels),
                rationale=_in_words(fitted.ratings, heaviest),
                evidence=tuple(passage for _, passage in heaviest),
            )
            scores.append(score)
        return scores


@dataclass(frozen=True)
class _Reading:
    """The texts that criteria with the same spans read, in features."""

    features: sparse.csr_matrix
    passages: list[list[str]]
    passage_features: sparse.csr_matrix


def fit(spec: RubricSpec, rows: Sequence[LabelledRow], *, seed: int) -> LearnedJudge:
    """A judge of every judge criterion whose ratings show at least two levels.

    Equal rows and seed give an equal judge. Raises ValueError where there is no such criterion,
    and for a level that is not on its criterion's scale.
    """
    rated = {c.uid: _rated_rows(spec, c, rows) for c in spec.judge_criteria}
    learnable = [c for c in spec.judge_criteria if len({level for *_, level in rated[c.uid]}) > 1]
    if not learnable:
        raise ValueError("A judge can’t learn yet. No criterion has ratings at two levels or more.")
    # One vocabulary for all criteria; each text counts once, however many criteria read it.
    pool = {(text, id(context)): context for c in learnable for text, context, _ in rated[c.uid]}
    features = fit_features([text for text, _ in pool], list(pool.values()))
    fitted = {}
    for criterion in learnable:
        texts, contexts, levels = zip(*rated[criterion.uid], strict=True)
        model = fit_ordinal(features.transform(texts, contexts), levels, seed=seed)
        fitted[criterion.uid] = FittedCriterion(criterion_hash(criterion), len(levels), model)
    return LearnedJudge(features, fitted)


_RatedRow = tuple[str, dict[str, Any], int]


def _rated_rows(
    spec: RubricSpec, criterion: CriterionSpec, rows: Sequence[LabelledRow]
) -> list[_RatedRow]:
    rated = []
    for row in rows:
        level = row.levels.get(criterion.uid)
        if level is None:
            continue
        if level not in criterion.level_values:
            raise ValueError(f"{level} is not a level of {criterion.name}.")
        if text := judged_text(spec, criterion, row.context):
            rated.append((text, row.context, level))
    return rated


def _by_spans(criteria: Sequence[CriterionSpec]) -> list[list[CriterionSpec]]:
    groups: dict[frozenset[str], list[CriterionSpec]] = {}
    for criterion in criteria:
        groups.setdefault(frozenset(criterion.spans), []).append(criterion)
    return list(groups.values())


def _read(
    features: Features, spec: RubricSpec, criterion: CriterionSpec, inputs: Sequence[JudgeInput]
) -> _Reading:
    texts = [judged_text(spec, criterion, item.context) for item in inputs]
    passages = [[passage.strip() for passage in _PASSAGE.findall(text)] or [text] for text in texts]
    return _Reading(
        features=features.transform(texts, [item.context for item in inputs]),
        passages=passages,
        passage_features=features.transform_texts([p for row in passages for p in row]),
    )


def _heaviest(pulls: list[tuple[float, str]]) -> list[tuple[float, str]]:
    return sorted(pulls, key=lambda pull: -abs(pull[0]))[:_MAX_PASSAGES]


def _in_words(ratings: int, heaviest: list[tuple[float, str]]) -> str:
    weighed = "; ".join(
        f"“{passage}”, towards a {'higher' if pull > 0 else 'lower'} level"
        for pull, passage in heaviest
    )
    return f"Learned from {ratings:,} ratings. What weighed most: {weighed}."
