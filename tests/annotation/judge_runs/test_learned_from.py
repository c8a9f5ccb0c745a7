"""What a learned judge knows from its fit."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.corpus.services import split_for
from annotation.formats.records import plain_turn, supporter_turn
from annotation.judge_runs import queries
from annotation.judge_runs.learned_from import known_items
from annotation.models import FitRun, Target
from annotation.ratings.targets import targets_for, text_target
from rubrics.judges import services
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, supporter_turns
from tests.support.generation import endpoint
from tests.support.judge_runs import (
    judge_of_sources,
    learned_judge,
    llm_judge,
    rated,
    reply,
    texts,
    version_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version(cast: Cast) -> RubricVersion:
    return version_of(cast)


def groups(cast: Cast, split: str) -> list[str]:
    """People of this split."""
    return [g for g in map(str, range(200)) if split_for(cast.project, g) == split]


def said(cast: Cast, number: int, text: str, group: str, **changes: Any) -> Target:
    """A reply in a dialogue of its own, of the person `group`."""
    turns = (plain_turn("seeker", f"Day {number}."), supporter_turn(reply(text))[0])
    [dialogue] = added(cast.project, parsed(number, turns=turns, split_group=group, **changes))
    [turn] = supporter_turns(dialogue)
    return targets_for(project=cast.project, turns=[turn.pk])[0]


def known(judge: Any, *targets: Target) -> list[bool]:
    found = known_items([judge], [target.pk for target in targets])[judge.pk].targets
    return [target.pk in found for target in targets]


def test_a_fit_names_the_texts_that_it_learned_from(cast: Cast, version: RubricVersion) -> None:
    turns = texts(cast, 24)
    texts(cast, 4, first=101)
    rated(cast, turns, version)
    judge = learned_judge(cast, version)
    run = FitRun.objects.get(judge=judge)
    assert set(run.sources.values_list("target__turn", flat=True)) == {turn.pk for turn in turns}


def test_a_judge_knows_the_item_its_profile_and_the_same_text(
    cast: Cast, version: RubricVersion
) -> None:
    one, two, three, *_ = groups(cast, "train")
    source = said(cast, 1, "I hear you.", one)
    same_person = said(cast, 2, "Tell me more.", one)
    same_words = said(cast, 3, "I  hear you", two)
    same_profile = said(cast, 4, "Go on.", three, profile_text="Profile 1")
    fresh = said(cast, 5, "What happened?", two)
    judge = judge_of_sources(cast, version, [source])
    assert known(judge, source, same_person, same_words, same_profile, fresh) == [
        True, True, True, True, False,
    ]  # fmt: skip


def test_a_later_version_knows_what_the_first_learned(
    cast: Cast, version: RubricVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scores follow other rules; what it learned is the same."""
    one, two, *_ = groups(cast, "train")
    source, fresh = said(cast, 1, "I hear you.", one), said(cast, 2, "What happened?", two)
    judge = judge_of_sources(cast, version, [source])
    monkeypatch.setattr(services, "pins_of", lambda endpoint: {"vetoes": "another"})
    later = services.judge_create_learned(
        project=cast.project,
        actor=cast.leads[0],
        name=judge.name,
        artefact=judge.artefact,
        fitted_on=judge.fitted_on,
        provenance=judge.provenance,
    )
    assert later.pk != judge.pk
    assert known(later, source, fresh) == [True, False]
    assert known_items([later], [source.pk])[later.pk].is_recorded
    member = cast.member(cast.leads[0])
    assert [row.fit for row in queries.listed_judges(member, [later])] == [
        FitRun.objects.get(judge=judge)
    ]


def test_a_reply_outside_of_dialogues_has_its_profile_and_its_words(
    cast: Cast, version: RubricVersion
) -> None:
    source = said(cast, 1, "I hear you.", groups(cast, "train")[0])

    def outside(profile: str, text: str) -> Target:
        return text_target(
            project=cast.project, profile=profile, situation="", history=[], raw=reply(text)
        )

    judge = judge_of_sources(cast, version, [source])
    written = [
        outside("Profile 1", "Something else."),
        outside("", "I hear you."),
        outside("", "Something new."),
        outside("Profile 2", "Another thing."),
    ]
    assert known(judge, *written) == [True, True, False, False]
    # And the other way round: what it learned from is such a reply.
    judge = judge_of_sources(cast, version, [written[0]], name="Other")
    assert known(judge, source, written[2]) == [True, False]


def test_a_fit_that_named_nothing_knows_all_but_the_test_split(
    cast: Cast, version: RubricVersion
) -> None:
    train, test = groups(cast, "train")[0], groups(cast, "test")
    learned = said(cast, 1, "I hear you.", train)
    unrated = said(cast, 2, "Tell me more.", train)
    rated(cast, [learned.turn], version)  # type: ignore[list-item]
    fresh = said(cast, 3, "What happened?", test[0])
    same_words = said(cast, 4, "I hear you!", test[1])
    # Nobody rated that text outside of the test split, so no fit learned from it.
    like_unrated = said(cast, 5, "Tell me more.", test[2])
    judge = judge_of_sources(cast, version, None)
    found = known_items([judge], [learned.pk])[judge.pk]
    assert not found.is_recorded
    assert known(judge, learned, unrated, fresh, same_words, like_unrated) == [
        True, True, False, True, False,
    ]  # fmt: skip


def test_a_fit_that_named_nothing_knows_a_profile_that_came_from_two_sources(
    cast: Cast, version: RubricVersion
) -> None:
    train, test = groups(cast, "train")[0], groups(cast, "test")
    learned = said(cast, 1, "I hear you.", train, profile_text="She lost her job.")
    unrated = said(cast, 2, "Go on.", train, profile_text="He moved abroad.")
    rated(cast, [learned.turn], version)  # type: ignore[list-item]
    same = said(cast, 3, "What happened?", test[0], profile_text="She lost her job.")
    like_unrated = said(cast, 4, "When was that?", test[1], profile_text="He moved abroad.")
    judge = judge_of_sources(cast, version, None)
    assert known(judge, learned, unrated, same, like_unrated) == [True, True, True, False]


def test_another_project_s_texts_are_no_part_of_it(cast: Cast, version: RubricVersion) -> None:
    turns = (plain_turn("seeker", "Day 1."), supporter_turn(reply("What happened?"))[0])
    [there] = added(cast.other_project, parsed(1, turns=turns, split_group="0"))
    targets_for(project=cast.other_project, turns=[supporter_turns(there)[0].pk])
    fresh = said(cast, 1, "What happened?", groups(cast, "test")[0])
    assert known(judge_of_sources(cast, version, None), fresh) == [False]


def test_a_language_model_knows_nothing_and_costs_no_query(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    judge = llm_judge(cast, endpoint(cast, "http://127.0.0.1:9/v1"))
    target = said(cast, 1, "I hear you.", "a")
    with django_assert_num_queries(0):
        found = known_items([judge], [target.pk])[judge.pk]
    assert (found.targets, found.is_recorded) == (frozenset(), True)


def test_more_judges_and_items_cost_no_more_queries(cast: Cast, version: RubricVersion) -> None:
    train, test = groups(cast, "train"), groups(cast, "test")
    targets = [said(cast, n, f"Reply {n}.", (test if n % 2 else train)[n]) for n in range(6)]
    judges = [
        judge_of_sources(cast, version, targets[n : n + 1] if n else None, name=f"J{n}")
        for n in range(4)
    ]
    found = []
    for those, items in ((judges[:2], targets[:2]), (judges, targets)):
        with CaptureQueriesContext(connection) as queries:
            known_items(those, [target.pk for target in items])
        found.append(len(queries))
    assert found == [3, 3]
