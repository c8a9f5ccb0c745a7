"""What a bootstrap draws: the profile and the dialogue of each rated text."""

import pytest
from django.db.models import F

from annotation.models import Score, Target
from annotation.ratings.places import place_columns, place_of, places_of
from annotation.ratings.services import NewScore, rater_for_person, submit_rating
from annotation.ratings.targets import targets_for, text_target
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, supporter_turns
from tests.support.judge_runs import version_of

pytestmark = pytest.mark.django_db


def outside(cast: Cast, profile: str, number: int) -> Target:
    return text_target(
        project=cast.project, profile=profile, situation="", history=[], raw=f"Reply {number}."
    )


def test_replies_outside_of_dialogues_belong_to_the_profile_that_they_answer(cast: Cast) -> None:
    to_ada = [outside(cast, "Ada, 34.", number) for number in range(3)]
    to_bea = outside(cast, "Bea, 51.", 4)
    found = places_of([*(target.pk for target in to_ada), to_bea.pk])
    profiles = [found[target.pk][0] for target in to_ada]
    assert len(set(profiles)) == 1 and found[to_bea.pk][0] not in profiles
    # Each is a dialogue of its own.
    assert len({dialogue for _, dialogue in found.values()}) == 4


def test_a_reply_without_a_profile_stands_for_itself(cast: Cast) -> None:
    target = outside(cast, "", 1)
    assert places_of([target.pk]) == {target.pk: (str(target.pk), str(target.pk))}


def test_a_turn_has_the_person_of_its_dialogue(cast: Cast) -> None:
    [dialogue] = added(cast.project, parsed(1, split_group="ada"))
    [turn, *_] = supporter_turns(dialogue)
    [target] = targets_for(project=cast.project, turns=[turn.pk])
    assert places_of([target.pk]) == {target.pk: ("ada", str(dialogue.pk))}


def test_scores_have_the_same_places(cast: Cast) -> None:
    version, target = version_of(cast), outside(cast, "Ada, 34.", 1)
    submit_rating(
        target=target,
        spec=version.spec,  # type: ignore[arg-type]
        rater=rater_for_person(project=cast.project, user=cast.annotators[0]),
        purpose="desk",
        scores=[NewScore("warmth", 3), NewScore("asks", 0)],
    )
    profile, dialogue = place_columns("rating__target__")
    rows = Score.objects.annotate(target=F("rating__target"), profile=profile, dialogue=dialogue)
    found = {place_of(*row) for row in rows.values_list("target", "profile", "dialogue")}
    assert found == {places_of([target.pk])[target.pk]}
