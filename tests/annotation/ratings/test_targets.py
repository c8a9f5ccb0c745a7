from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.formats.records import plain_turn, supporter_turn
from annotation.models import Target
from annotation.ratings import targets
from tests.conftest import Cast
from tests.support.dialogues import REPLY, added, parsed, supporter_turns
from tests.support.locks import until_waiting
from tests.support.waiting import SHORT_S
from webapp.errors import Refused


def test_a_turn_has_one_target_in_the_order_asked_for(cast: Cast) -> None:
    dialogue = added(cast.project, parsed(1, pairs=3))[0]
    turns = supporter_turns(dialogue)
    wanted = [turns[2].pk, turns[0].pk]

    first = targets.targets_for(project=cast.project, turns=wanted, dialogues=[dialogue.pk])
    again = targets.targets_for(project=cast.project, turns=wanted, dialogues=[dialogue.pk])

    assert [row.pk for row in first] == [row.pk for row in again]
    assert [row.turn_id for row in first[:2]] == wanted
    assert first[2].kind == "dialogue"
    assert Target.objects.count() == 3


def test_a_turn_without_a_target_has_the_context_that_its_target_gets(cast: Cast) -> None:
    turns = [turn.pk for turn in supporter_turns(added(cast.project, parsed(1, pairs=3))[0])][::-1]
    found = targets.contexts_of_turns(cast.project, turns)
    assert list(found) == turns and not Target.objects.exists()
    made = targets.targets_for(project=cast.project, turns=turns)
    contexts = targets.contexts_of(made)
    assert list(found.values()) == [contexts[target.pk] for target in made]


@pytest.mark.django_db(transaction=True)
def test_two_who_make_the_same_targets_in_other_orders_wait_in_one(cast: Cast) -> None:
    first, second = (row.pk for row in added(cast.project, parsed(1), parsed(2)))

    def make(*dialogues: UUID) -> list[Target]:
        return targets.targets_for(project=cast.project, dialogues=dialogues)

    def make_and_leave() -> list[Target]:
        try:
            return make(second, first)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            make(first)
            other = pool.submit(make_and_leave)
            until_waiting()
            make(second)
        assert [row.dialogue_id for row in other.result(SHORT_S)] == [second, first]


def test_a_context_holds_no_later_turn_and_no_gold_emotion(cast: Cast) -> None:
    dialogue = added(cast.project, parsed(1, pairs=3, emotion="ashamed"))[0]
    target = targets.targets_for(project=cast.project, turns=[supporter_turns(dialogue)[1].pk])[0]

    context = targets.context_of(target)

    assert context["profile"] == "Profile 1"
    assert [turn["text"] for turn in context["history"]] == [
        "Night 1, thought 0.",
        "The kitchen 🍲 gets quiet. Whom do you miss?",
        "Night 1, thought 1.",
    ]
    assert context["candidate"]["response"].startswith("The kitchen")
    assert "thought 2" not in str(context)
    assert "ashamed" not in str(context)
    assert targets.gold_emotions_of([target]) == {target.pk: "ashamed"}


def test_a_dialogue_is_judged_as_a_whole(cast: Cast) -> None:
    dialogue = added(cast.project, parsed(1))[0]
    target = targets.targets_for(project=cast.project, dialogues=[dialogue.pk])[0]
    context = targets.context_of(target)
    assert len(context["history"]) == 4
    assert set(context["candidate"].values()) == {""}


def test_both_spellings_hash_alike(cast: Cast) -> None:
    tokens = REPLY
    for name in ("understanding", "reasoning", "emotion", "response"):
        tokens = tokens.replace(f"<{name}>", f"<|{name}_begin|>").replace(
            f"</{name}>", f"<|{name}_end|>"
        )
    seeker = plain_turn("seeker", "Hello.")
    same = {"profile_text": "P", "situation": "S"}
    rows = added(
        cast.project,
        parsed(1, turns=(seeker, supporter_turn(REPLY)[0]), **same),
        parsed(2, turns=(seeker, supporter_turn(tokens)[0]), **same),
    )
    one, two = targets.targets_for(
        project=cast.project, turns=[supporter_turns(row)[0].pk for row in rows]
    )
    assert one.content_hash == two.content_hash
    assert one.context_hash == two.context_hash


def test_a_text_is_frozen_with_its_context(cast: Cast) -> None:
    asked = {
        "project": cast.project,
        "profile": "P",
        "situation": "S",
        "history": [{"role": "seeker", "text": "Hello."}],
        "raw": REPLY,
    }
    target = targets.text_target(**asked)
    assert targets.text_target(**asked).pk == target.pk
    assert targets.context_of(target)["candidate"]["emotion"] == "lonely"
    assert targets.gold_emotions_of([target]) == {target.pk: ""}


def test_a_text_says_how_much_of_its_history_was_cut(cast: Cast) -> None:
    long = [
        {"role": role, "text": text}
        for role, text in [("seeker", "a" * 7000), ("supporter", "b"), ("seeker", "c" * 7000)]
    ]
    asked = {"project": cast.project, "profile": "P", "situation": "S", "raw": REPLY}
    target = targets.text_target(history=long, cut=2, **asked)
    # Two were left out before, and one of these does not fit.
    assert targets.context_of(target)["cut"] == 3
    assert targets.text_target(history=long[2:], cut=3, **asked) == target
    assert targets.text_target(history=long[2:], **asked) != target


def test_a_turn_of_another_project_is_refused(cast: Cast) -> None:
    foreign = added(cast.other_project, parsed(1))[0]
    with pytest.raises(Refused):
        targets.targets_for(project=cast.project, turns=[supporter_turns(foreign)[0].pk])
    with pytest.raises(Refused):
        targets.targets_for(project=cast.project, dialogues=[foreign.pk])


def test_contexts_cost_the_same_queries_for_two_and_for_twenty(
    cast: Cast, django_assert_num_queries
) -> None:  # type: ignore[no-untyped-def]
    rows = added(cast.project, *(parsed(n) for n in range(20)))
    made = targets.targets_for(
        project=cast.project, turns=[supporter_turns(row)[0].pk for row in rows]
    )
    with CaptureQueriesContext(connection) as few:
        targets.contexts_of(made[:2])
    with django_assert_num_queries(len(few)):
        targets.contexts_of(made)
