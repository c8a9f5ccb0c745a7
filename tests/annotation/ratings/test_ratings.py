import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.models import Evidence, Rating, Score, Target
from annotation.ratings import services as ratings
from annotation.ratings import targets
from annotation.ratings.services import NewEvidence, NewRating, NewScore
from rubrics.core.spec import criterion_hash
from rubrics.models import Spec
from tests.conftest import Cast
from tests.support.dialogues import (
    RUBRIC,
    WHOLE,
    added,
    parsed,
    published,
    spec_row,
    supporter_turns,
)
from webapp.audit.models import Entry
from webapp.errors import Refused

GOOD = (NewScore("empathy", 4, rationale="Warm."), NewScore("plan", status="not_applicable"))


@pytest.fixture
def target(cast: Cast) -> Target:
    dialogue = added(cast.project, parsed(1))[0]
    return targets.targets_for(project=cast.project, turns=[supporter_turns(dialogue)[0].pk])[0]


@pytest.fixture
def spec(cast: Cast) -> Spec:
    version = published(cast.project)
    assert version.spec is not None
    return version.spec


def _desk(cast: Cast, target: Target, spec: Spec, scores=GOOD, person: int = 0):  # type: ignore[no-untyped-def]
    rater = ratings.rater_for_person(project=cast.project, user=cast.annotators[person])
    return ratings.submit_rating(
        target=target, spec=spec, rater=rater, purpose="desk", scores=scores, active_seconds=12.5
    )


def test_a_rating_is_written_whole_and_pinned(cast: Cast, target: Target, spec: Spec) -> None:
    done = _desk(cast, target, spec)

    assert done.created
    score = Score.objects.get(rating=done.rating, criterion_uid="empathy")
    assert (score.value, score.meaning_id, score.rationale) == (4, "m-empathy", "Warm.")
    assert score.criterion_hash == criterion_hash(RUBRIC.criteria[1])
    other = Score.objects.get(rating=done.rating, criterion_uid="plan")
    assert (other.status, other.value) == ("not_applicable", None)
    assert Entry.objects.filter(action="rating.submitted", actor=cast.annotators[0]).count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        Score.objects.filter(pk=score.pk).update(value=1)


def test_a_second_one_by_the_same_rater_gives_back_the_first(
    cast: Cast, target: Target, spec: Spec
) -> None:
    first = _desk(cast, target, spec)
    second = _desk(cast, target, spec, scores=(NewScore("empathy", 1), NewScore("plan", 1)))
    other = _desk(cast, target, spec, person=1)

    assert (second.created, second.rating.pk) == (False, first.rating.pk)
    assert other.created
    assert Rating.objects.count() == 2
    assert Score.objects.filter(rating=first.rating, value=4).exists()


def test_a_withdrawn_rating_makes_room(cast: Cast, target: Target, spec: Spec) -> None:
    first = _desk(cast, target, spec)
    assert ratings.withdraw_rating(rating=first.rating, actor=cast.annotators[0])
    assert not ratings.withdraw_rating(rating=first.rating, actor=cast.annotators[0])
    assert _desk(cast, target, spec).created


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ((NewScore("empathy", 6), NewScore("plan", 1)), "levels: 1, 2, 3, 4, 5"),
        ((NewScore("empathy", 2.5), NewScore("plan", 1)), "levels"),
        ((NewScore("empathy", 3),), "Not rated yet: Plan"),
        ((NewScore("nothing", 3),), "no such criterion"),
        ((NewScore("empathy", 3), NewScore("empathy", 3)), "no such criterion"),
        ((NewScore("empathy"), NewScore("plan", 1)), "needs a value"),
        ((NewScore("empathy", 3, status="failed"), NewScore("plan", 1)), "no score"),
        ((*GOOD, NewScore("format", 1)), "don’t rate checks"),
        ((), "needs a score"),
    ],
)
def test_what_is_not_valid_is_refused_in_words(
    cast: Cast, target: Target, spec: Spec, scores: tuple[NewScore, ...], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        _desk(cast, target, spec, scores)
    assert not Rating.objects.exists()


def test_people_rate_published_versions_only(cast: Cast, target: Target) -> None:
    with pytest.raises(Refused, match="published"):
        _desk(cast, target, spec_row(cast.project))


def test_a_rubric_for_dialogues_rates_no_turn(cast: Cast, target: Target) -> None:
    rater = ratings.external_rater(project=cast.project, label="seeker")
    with pytest.raises(Refused, match="whole dialogues"):
        ratings.submit_rating(
            target=target,
            spec=spec_row(cast.project, WHOLE),
            rater=rater,
            purpose="import",
            scores=[NewScore("felt", 2)],
        )


def test_a_kind_of_rater_has_its_purposes(cast: Cast, target: Target, spec: Spec) -> None:
    rater = ratings.construction_rater(project=cast.project, label="grammar")
    with pytest.raises(Refused, match="purpose"):
        ratings.submit_rating(target=target, spec=spec, rater=rater, purpose="desk", scores=GOOD)
    done = ratings.submit_rating(
        target=target,
        spec=spec,
        rater=rater,
        purpose="construction",
        scores=[NewScore("format", 1), NewScore("empathy", status="failed", reason="?")],
    )
    assert done.created


def test_evidence_is_counted_in_code_points(cast: Cast, target: Target, spec: Spec) -> None:
    passages = (
        NewEvidence("gets quiet"),
        NewEvidence("Name it"),
        NewEvidence("never said"),
        NewEvidence("🍲", span="response", start=12, end=13),
        NewEvidence("quiet", span="response", start=0, end=5),
    )
    done = _desk(
        cast, target, spec, (NewScore("empathy", 3), NewScore("plan", 1, evidence=passages))
    )
    found = [
        (row.span, row.start, row.end, row.quote)
        for row in Evidence.objects.filter(score__rating=done.rating).order_by("pk")
    ]
    assert found == [
        ("response", 14, 24, "gets quiet"),
        ("reasoning", 0, 7, "Name it"),
        ("response", None, None, "never said"),
        ("response", 12, 13, "🍲"),
        ("response", 19, 24, "quiet"),
    ]
    for span, start, end, quote in found:
        if start is not None:
            assert targets.span_texts_of([target])[target.pk][span][start:end] == quote


def test_a_batch_refuses_all_or_writes_all(cast: Cast, spec: Spec) -> None:
    rater = ratings.external_rater(project=cast.project, label="outside")
    rows = added(cast.project, *(parsed(n) for n in range(20)))
    made = targets.targets_for(
        project=cast.project, turns=[supporter_turns(row)[0].pk for row in rows]
    )
    new = [
        NewRating(
            target, spec, rater, "import", [NewScore("empathy", 2, evidence=[NewEvidence("quiet")])]
        )
        for target in made
    ]
    with pytest.raises(Refused):
        ratings.submit_ratings(
            [*new, NewRating(made[0], spec, rater, "import", [NewScore("empathy", 9)])]
        )
    assert not Rating.objects.exists()

    results = ratings.submit_ratings([*new, new[0]])
    assert [result.created for result in results] == [True] * 20 + [False]
    assert len({result.rating.pk for result in results}) == 20
    assert not any(result.created for result in ratings.submit_ratings(new))
    assert Rating.objects.count() == Evidence.objects.count() == 20


def test_a_batch_costs_the_same_queries_for_two_and_for_twenty(
    cast: Cast, spec: Spec, django_assert_num_queries
) -> None:  # type: ignore[no-untyped-def]
    rater = ratings.external_rater(project=cast.project, label="outside")
    rows = added(cast.project, *(parsed(n) for n in range(22)))
    made = targets.targets_for(
        project=cast.project, turns=[supporter_turns(row)[0].pk for row in rows]
    )
    new = [
        NewRating(
            target, spec, rater, "import", [NewScore("empathy", 2, evidence=[NewEvidence("quiet")])]
        )
        for target in made
    ]
    with CaptureQueriesContext(connection) as few:
        ratings.submit_ratings(new[:2])
    with django_assert_num_queries(len(few)):
        ratings.submit_ratings(new[2:])
