"""Judge runs with a judge that was fitted on ratings."""

import dataclasses

import pytest

from annotation.judge_runs import work as judging
from annotation.models import JudgeItem, Rating, Score
from tests.conftest import Cast
from tests.support.judge_runs import (
    RUBRIC,
    judge_run,
    learned_judge,
    rated,
    seen,
    snapshot,
    texts,
    values,
    version_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_fitted_judge_scores_every_text_of_the_set(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 30), version)
    judge = learned_judge(cast, version)
    fresh = texts(cast, 12, first=101)
    run = judge_run(cast, version, judge)
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error) == ("succeeded", "")
    assert run.items.filter(state=JudgeItem.State.DONE).count() == 42
    scores = Score.objects.filter(rating__rater__judge=judge)
    assert scores.filter(status="scored").count() == 3 * 42
    assert scores.filter(judge_call=None).count() == 0
    unseen = dict(
        scores.filter(criterion_uid="warmth", rating__target__turn__in=fresh).values_list(
            "rating__target__turn__dialogue__source_key", "value"
        )
    )
    right = [value == (3.0 if int(key[4:]) % 2 else 1.0) for key, value in unseen.items()]
    assert sum(right) >= 11


def test_ratings_of_the_judge_replace_no_other_rater(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    judge = learned_judge(cast, version)
    before = list(Rating.objects.order_by("pk").values())
    run = judge_run(cast, version, judge)
    judging.work(str(run.pk))
    kept = Rating.objects.filter(pk__in=[row["id"] for row in before])
    assert list(kept.order_by("pk").values()) == before


@pytest.mark.slow
def test_the_same_text_spec_and_judge_is_not_judged_twice(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    judge = learned_judge(cast, version)
    first = judge_run(cast, version, judge)
    judging.work(str(first.pk))
    texts(cast, 6, first=101)
    second = judge_run(cast, version, judge)
    judging.work(str(second.pk))
    second.refresh_from_db()
    state = seen(cast, second)
    assert (state.reused, state.judged, state.failed) == (24, 6, 0)
    assert Rating.objects.filter(rater__judge=judge).count() == 30
    again = values(second)
    assert {at: again[at] for at in range(24)} == values(first)


def test_a_changed_criterion_is_not_scored_and_says_why(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    judge = learned_judge(cast, version)
    warmth = dataclasses.replace(RUBRIC.criteria[1], description="Another wording.")
    changed = version_of(
        cast, dataclasses.replace(RUBRIC, criteria=(RUBRIC.criteria[0], warmth, RUBRIC.criteria[2]))
    )
    run = judge_run(cast, changed, judge)
    judging.work(str(run.pk))
    run.refresh_from_db()
    assert run.status == "succeeded"
    columns = {column.criterion.uid: column for column in seen(cast, run).columns}
    assert columns["warmth"].n == 0
    assert "does not read wording" in columns["warmth"].reason
    assert columns["asks"].n == 24


@pytest.mark.slow
def test_a_binary_criterion_has_its_histogram(cast: Cast) -> None:
    version = version_of(cast)
    turns = texts(cast, 24)
    rated(cast, turns, version)
    run = judge_run(cast, version, learned_judge(cast, version), snapshot(cast))
    judging.work(str(run.pk))
    column = next(c for c in seen(cast, run).columns if c.criterion.uid == "asks")
    assert [bar.level for bar in column.bars] == [0, 1]
    assert sum(bar.n for bar in column.bars) == 24
