"""Audit entries in words."""

from typing import Any

import pytest

from webapp.audit.words import action_in_words, details_in_words, ids_in, object_in_words

LENA = "0193b6c2-0000-7000-8000-000000000001"
NAMES = {LENA: "Lena Lead"}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("rubric_version.sent_for_review", "Rubric version: sent for review"),
        ("person.made_admin", "Person: made an administrator"),
        ("training.started", "Training run: started"),
        ("collection.created", "Set: created"),
        ("audit.exported", "Audit log: exported"),
        ("new_thing.done_twice", "New thing: done twice"),
    ],
)
def test_actions(action: str, words: str) -> None:
    assert action_in_words(action) == words


@pytest.mark.parametrize(
    ("kind", "model_name", "words"),
    [
        ("rubrics.rubricversion", "rubric version", "Rubric version"),
        ("annotation.collection", "collection", "Set"),
        ("annotation.pairjudgement", "pair judgement", "Judgement of a pair"),
        ("gone.widget", "", "Widget"),
    ],
)
def test_objects(kind: str, model_name: str, words: str) -> None:
    assert object_in_words(kind, model_name) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["lead", "annotator"], "Project lead, Annotator"),
        ([], "–"),
        (None, "–"),
        ("", "–"),
        (False, "no"),
        (True, "yes"),
        (0, "0"),
        (LENA, "Lena Lead"),
        # An id of something other than a person.
        (LENA[:-1] + "2", LENA[:-1] + "2"),
        ({"taken_off": [LENA], "held": 2}, "taken off: Lena Lead, held: 2"),
    ],
)
def test_details(value: Any, words: str) -> None:
    assert details_in_words({"what_was": value}, NAMES) == [("what was", words)]


def test_ids_are_found_in_lists_too() -> None:
    found = ids_in({"one": LENA, "many": [LENA, "lead", 3], "none": None})
    assert {str(one) for one in found} == {LENA}
