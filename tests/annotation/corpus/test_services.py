from collections import Counter

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.corpus import services as corpus
from annotation.models import Dialogue, Profile, Turn
from tests.conftest import Cast
from tests.support.dialogues import REPLY, added, parsed


def test_a_chunk_becomes_sealed_dialogues_with_profiles_and_turns(cast: Cast) -> None:
    first, second = added(cast.project, parsed(1), parsed(2))

    assert [first.number, second.number] == [1, 2]
    assert first.sealed_at is not None
    assert (first.emotion, first.emotion_label) == ("lonely", "lonely")
    assert first.profile is not None
    assert (first.profile.text, first.profile.mbti, first.profile.number) == (
        "Profile 1",
        "INFP",
        1,
    )
    turn = first.turns.get(position=1)
    assert turn.role == "supporter"
    assert turn.text == "The kitchen 🍲 gets quiet. Whom do you miss?"
    assert turn.understanding == "She is alone at night."
    assert turn.raw == REPLY


def test_the_import_key_decides_what_is_here_already(cast: Cast) -> None:
    known = added(cast.project, parsed(1))[0]

    placed = corpus.add_dialogues(
        project=cast.project,
        parsed=[parsed(2), parsed(1, situation="Told otherwise"), parsed(2)],
        source="kardiabench",
    )

    assert [place.added for place in placed] == [True, False, False]
    assert placed[1].dialogue_id == known.pk
    assert placed[2].dialogue_id == placed[0].dialogue_id
    known.refresh_from_db()
    assert known.situation == "Situation 1"
    assert Dialogue.objects.count() == 2
    assert Turn.objects.count() == 8


def test_another_source_or_project_has_keys_of_its_own(cast: Cast) -> None:
    added(cast.project, parsed(1))
    other_source = added(cast.project, parsed(1), source="esconv")[0]
    other_project = added(cast.other_project, parsed(1))[0]
    assert other_source.number == 2
    assert other_project.number == 1
    assert Profile.objects.filter(project=cast.project).count() == 1


def test_an_emotion_outside_the_labels_is_kept_and_not_guessed(cast: Cast) -> None:
    row = added(cast.project, parsed(1, emotion="anxiety"))[0]
    assert (row.emotion, row.emotion_label) == ("anxiety", None)


def test_a_long_emotion_span_is_kept_whole(cast: Cast) -> None:
    raw = REPLY.replace(">lonely<", ">" + "very lonely " * 60 + "<")
    dialogue = added(cast.project, parsed(1))[0]
    turn = Turn(project=cast.project, dialogue=dialogue, position=9, role="supporter", raw=raw)
    turn.emotion = "very lonely " * 60
    turn.save()
    assert len(Turn.objects.get(pk=turn.pk).emotion) > 500


def test_a_sealed_dialogue_does_not_change(cast: Cast) -> None:
    row = added(cast.project, parsed(1))[0]
    with pytest.raises(DatabaseError), transaction.atomic():
        Dialogue.objects.filter(pk=row.pk).update(situation="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        row.turns.update(text="x")


def test_one_person_has_one_split_and_shares_are_80_10_10(cast: Cast) -> None:
    same = added(cast.project, parsed(1), parsed(2, username="person-1", split_group="person-1"))
    assert same[0].split == same[1].split == corpus.split_for(cast.project, "person-1")

    shares = Counter(corpus.split_for(cast.project, f"person {n}") for n in range(4000))
    assert 0.77 < shares["train"] / 4000 < 0.83
    assert 0.08 < shares["validation"] / 4000 < 0.12
    other = [corpus.split_for(cast.other_project, f"person {n}") for n in range(100)]
    assert other != [corpus.split_for(cast.project, f"person {n}") for n in range(100)]


def test_a_generated_dialogue_has_the_split_key_of_its_profile(cast: Cast) -> None:
    with_name, without = added(
        cast.project, parsed(1), parsed(2, username="", split_group="x", profile_text="Somebody")
    )
    assert with_name.profile is not None and without.profile is not None
    assert corpus.split_key_of(with_name.profile) == with_name.split_key
    assert len(corpus.split_key_of(without.profile)) == 64


def test_queries_do_not_grow_with_the_chunk(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with CaptureQueriesContext(
        connection,
    ) as few:
        added(cast.project, parsed(1), parsed(2))
    with django_assert_num_queries(len(few)):
        added(cast.project, *(parsed(n) for n in range(10, 40)))
