"""What was settled is the reference in place of what people gave, and no rating of a person."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from annotation.agreement.answers import PEOPLE
from annotation.agreement.queries import VersionAgreement
from annotation.corpus.services import split_for
from annotation.corpus.transcript import transcript_of
from annotation.desk.queries import own_rating_rows
from annotation.impact.preview import _reference, _referred
from annotation.judge_runs.fitting import _lesson_of
from annotation.models import FitRun, Rating
from annotation.ratings import services as ratings
from annotation.ratings.carried_ratings import count_ratings
from annotation.ratings.references import adjudicated_levels
from annotation.ratings.targets import context_of
from rubrics.core.spec import from_json
from rubrics.judging.learned import LabelledRow
from tests.conftest import Cast
from tests.support.adjudication import build_apart, settle
from tests.support.desk import Desk, build_desk
from webapp.accounts.models import Project
from webapp.errors import Refused

LEGITIMATE = {"causes": {"empathy": "legitimate_difference"}}


@pytest.fixture
def settled(apart: Desk) -> Desk:
    """The first item is settled at 2; on the fourth all levels stand."""
    settle(apart, apart.cast.clinicians[0])
    settle(apart, apart.cast.clinicians[1], **LEGITIMATE)
    return apart


def _found(at_desk: Desk) -> VersionAgreement:
    return VersionAgreement(at_desk.cast.member(at_desk.cast.leads[0]), at_desk.version)


def _targets(at_desk: Desk) -> list[Any]:
    return list(at_desk.queue.items.values_list("target_id", flat=True))


def test_the_reference_is_the_settled_level_else_what_people_agree_on(settled: Desk) -> None:
    found = _found(settled)
    survey = ratings.external_rater(project=settled.cast.project, label="Survey")
    items = list(settled.queue.items.select_related("target")[:4])
    for item in items:
        ratings.submit_rating(
            target=item.target,
            spec=settled.version.spec,
            rater=survey,
            purpose="import",
            scores=[ratings.NewScore("empathy", value=3)],
        )
    found = _found(settled)
    matrix = found.matrix(found.criteria[0], PEOPLE, str(survey.pk))
    given = {row: sum(count for count, _ in cells) for row, cells in matrix.cells}
    # 2 is settled and both gave 3. On the third they differ; on the fourth all levels stand.
    assert given == {1: 0, 2: 1, 3: 1, 4: 0, 5: 0}
    empathy = found.reference_counts()[0]
    assert (empathy.items, empathy.undecided) == (2, 1)
    assert found.adjudicated == 2


def test_the_mean_of_people_is_there_where_all_levels_stand(settled: Desk) -> None:
    """The corrected mean of a set would else leave out the hardest texts."""
    found = _found(settled)
    means = found.means_of_people(found.criteria[0])
    assert [means.get(pk) for pk in _targets(settled)[:4]] == [2, 3, 2.5, 3.5]


def test_agreement_among_people_is_of_independent_ratings_only(apart: Desk) -> None:
    before = _found(apart).among_people()
    settle(apart, apart.cast.clinicians[0])
    after = _found(apart)
    assert after.among_people() == before
    assert [rater.name for rater in after.people] == ["Ana Annotator", "Ben Annotator"]
    meanings = [criterion.meaning_id for criterion in after.criteria]
    assert count_ratings(apart.cast.project, meanings)[meanings[0]] == 8


def test_the_latest_counts_and_a_withdrawn_one_does_not(settled: Desk) -> None:
    project, first = settled.cast.project, _targets(settled)[0]
    assert adjudicated_levels(project, ["m-empathy"])[first, "m-empathy"] == 2
    rating = Rating.objects.get(purpose="adjudication", target=first)
    ratings.withdraw_rating(rating=rating, actor=settled.cast.leads[0])
    assert (first, "m-empathy") not in adjudicated_levels(project, ["m-empathy"])


def test_those_who_are_blind_get_no_reference(settled: Desk) -> None:
    both = settled.cast.leads[1]
    settled.another_queue(both)
    found = VersionAgreement(settled.cast.member(both), settled.version)
    assert found.adjudicated == 0


def test_a_preview_compares_with_the_settled_level(settled: Desk) -> None:
    first, second, third, fourth = _targets(settled)[:4]
    ana, ben = UUID(int=1), UUID(int=2)
    given = {
        first: {ana: 1.0, ben: 4.0},
        second: {ana: 3.0, ben: 3.0},
        third: {ana: 2.0, ben: 3.0},
        fourth: {ana: 5.0, ben: 2.0},
    }
    reference = _referred(settled.cast.project, "people", {"m-empathy": given})
    found = reference.by_meaning["m-empathy"]
    assert found.levels == {first: 2, second: 3}
    # On the fourth all levels stand; nobody settled the third.
    assert found.undecided == {third}
    assert reference.raters == 2
    # What adjudicators settled is no level of a source's raters.
    of_source = _referred(None, "the source", {"m-empathy": given})
    assert of_source.by_meaning["m-empathy"].levels == {second: 3}


def test_a_preview_knows_who_said_that_a_criterion_does_not_apply(cast: Cast) -> None:
    at_desk = build_desk(cast)
    ana, ben = cast.annotators[:2]
    at_desk.rate_first({ana: [{"empathy": "na"}, {}], ben: [{"empathy": 4}, {}]})
    first, second = _targets(at_desk)[:2]
    scoring = SimpleNamespace(
        items=[SimpleNamespace(target_id=first), SimpleNamespace(target_id=second)],
        after=SimpleNamespace(spec=from_json(at_desk.version.spec.content)),  # type: ignore[union-attr]
    )
    reference = _reference(cast.project, scoring)  # type: ignore[arg-type]
    assert reference is not None
    found = reference.by_meaning["m-empathy"]
    assert (found.levels.keys(), found.undecided) == ({second}, {first})


def test_a_judge_learns_the_settled_level_in_place_of_those_it_overrides(cast: Cast) -> None:
    # No judge learns from the test split.
    seeds = (UUID(int=number) for number in range(1000))
    cast.project.split_seed = next(seed for seed in seeds if _all_train(cast.project, seed))
    cast.project.save()
    at_desk = build_apart(cast)
    settle(at_desk, cast.clinicians[0])
    settle(at_desk, cast.clinicians[1], **LEGITIMATE)
    lesson = _lesson_of(FitRun(version=at_desk.version, rater_kinds=["person"]))
    rows = lesson.rows
    assert _levels(at_desk, rows, position=0) == [2]
    # Where the difference is legitimate, the levels of both stand.
    assert _levels(at_desk, rows, position=3) == [2, 5]
    assert lesson.basis.ratings == len(rows)
    assert all(row.levels for row in rows)


def _all_train(project: Project, seed: UUID) -> bool:
    project.split_seed = seed
    return all(split_for(project, f"person-{n}") == "train" for n in (1, 2, 3))


def _levels(at_desk: Desk, rows: Sequence[LabelledRow], *, position: int) -> list[int]:
    context = context_of(at_desk.queue.items.get(position=position).target)
    return sorted(
        row.levels["empathy"] for row in rows if row.context == context and "empathy" in row.levels
    )


def test_only_an_adjudication_may_leave_a_level_out(apart: Desk) -> None:
    item = apart.queue.items.select_related("target").get(position=5)
    scores = [
        ratings.NewScore("empathy", status="not_scored", reason="r"),
        ratings.NewScore("asks", value=0),
        ratings.NewScore("safe", value=1),
    ]
    for purpose in ("desk", "gold"):
        with pytest.raises(Refused, match="no score"):
            ratings.submit_rating(
                target=item.target,
                spec=apart.version.spec,
                rater=apart.rater(apart.cast.annotators[2]),
                purpose=purpose,
                scores=scores,
            )


def test_an_adjudication_is_not_among_the_own_ratings_of_the_desk(settled: Desk) -> None:
    clara = settled.cast.member(settled.cast.clinicians[0])
    assert own_rating_rows(clara).count() == 0


def test_the_dialogue_says_which_rating_is_an_adjudication(settled: Desk) -> None:
    member = settled.cast.member(settled.cast.leads[0])
    lines = transcript_of(settled.dialogues[0], member).lines
    about = [note.rubric for line in lines for note in line.notes]
    assert about.count("Care, adjudicated") == 1
