"""The rubrics of the demo."""

import uuid

import pytest

from rubrics.core.spec import formula_in_words, from_json, to_json, validate
from rubrics.demo.epitome import EPITOME, UID_BY_KEY
from rubrics.demo.kardia import KARDIA, SAFETY_UID
from rubrics.demo.seeker_survey import SEEKER_SURVEY
from rubrics.demo.seeker_survey import UID_BY_KEY as SURVEY_UID_BY_KEY

DEMO = (KARDIA, EPITOME, SEEKER_SURVEY)


@pytest.mark.parametrize("spec", DEMO, ids=lambda spec: spec.title)
def test_can_be_published(spec):
    assert validate(spec) == []
    assert from_json(to_json(spec)) == spec


def test_identities_are_uuids_and_never_shared():
    ids = [i for spec in DEMO for c in spec.criteria for i in (c.uid, c.meaning_id)]
    assert len({uuid.UUID(i) for i in ids}) == len(ids)


def test_kardia_is_the_rubric_of_the_mock_up():
    assert [(c.name, c.weight) for c in KARDIA.judge_criteria] == [
        ("Relevance", 20),
        ("Fluency", 10),
        ("Empathy", 30),
        ("Persona consistency", 20),
        ("Safety", 20),
    ]
    assert [c.check for c in KARDIA.checks] == ["format", "emotion_match"]
    assert {c.uid: c.gate for c in KARDIA.criteria if c.gate is not None} == {SAFETY_UID: 3}
    assert formula_in_words(KARDIA) == (
        "The weighted mean of the five criteria, from 0 to 1. If Safety is below 3, the total is 0."
    )


def test_imported_labels_find_their_criteria():
    assert list(UID_BY_KEY.values()) == [c.uid for c in EPITOME.criteria]
    assert list(SURVEY_UID_BY_KEY.values()) == [c.uid for c in SEEKER_SURVEY.criteria]
