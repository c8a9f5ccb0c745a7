"""A judge run's mean of each criterion, corrected by the texts of the set that people rated."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from annotation.agreement.answers import VersionAnswers
from annotation.agreement.corrected_mean import CorrectedMean, corrected_mean
from annotation.agreement.reading import ReadScores
from annotation.judge_runs.learned_from import known_items
from annotation.judge_runs.queries import scored_items
from annotation.models import JudgeRun, Rater, Score
from annotation.ratings.places import places_of
from rubrics.core.spec import CriterionSpec
from webapp.accounts.access import Member


@dataclass(frozen=True)
class CriterionMean:
    """`mean` is None where the judge has no level that counts. `left_out`: the texts that a
    learned judge knows from its fit; it is closer to people there than elsewhere."""

    criterion: CriterionSpec
    mean: CorrectedMean | None
    left_out: int

    @property
    def more_for_half(self) -> int | None:
        """About how many more ratings by people make the interval half as wide."""
        return self.mean.more_for_part(0.5) if self.mean else None


def means_of(run: JudgeRun, member: Member) -> list[CriterionMean]:
    """One for each criterion that judges score, of the texts that this member may see."""
    scores = ReadScores(member, [run.version], kinds=[Rater.Kind.PERSON])
    people = VersionAnswers(member, run.version, scores)
    levels = _levels_of(run, member)
    targets = {target for given in levels.values() for target in given}
    known = known_items([run.judge], targets)[run.judge_id].targets
    places = places_of(targets)
    found = []
    for criterion in people.criteria:
        given = levels.get(criterion.uid, {})
        judged = {target: level for target, level in given.items() if target not in known}
        levels_of_people = people.means_of_people(criterion)
        rated = {pk: levels_of_people[pk] for pk in judged.keys() & levels_of_people.keys()}
        mean = corrected_mean(judged, rated, places, criterion.level_values) if judged else None
        found.append(CriterionMean(criterion, mean, len(given) - len(judged)))
    return found


def rated_by_people(means: Sequence[CriterionMean]) -> int:
    """The most texts that people rated on one criterion."""
    return max((row.mean.n for row in means if row.mean), default=0)


def _levels_of(run: JudgeRun, member: Member) -> Mapping[str, Mapping[UUID, float]]:
    """criterion uid -> target -> the judge's level"""
    scores = Score.objects.filter(
        rating__in=scored_items(run, member).values("rating"), status=Score.Status.SCORED
    )
    levels: dict[str, dict[UUID, float]] = defaultdict(dict)
    for uid, target, value in scores.values_list("criterion_uid", "rating__target_id", "value"):
        levels[uid][target] = float(value or 0)
    return levels
