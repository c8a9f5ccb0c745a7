"""What a reader of a dialogue may see of ratings (DECISIONS 10)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.corpus.set_query import SetQuery
from annotation.corpus.transcript import Part, parts_of, transcript_of
from annotation.models import Assignment, Dialogue, Item, Queue, QueueRater, Target
from annotation.ratings import services as ratings
from annotation.ratings import targets
from annotation.ratings.services import NewEvidence, NewScore
from annotation.sets import services as sets
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, published, supporter_turns
from tests.support.pages import html_of
from webapp.accounts.models import User

WORDS = "SEEN-RATIONALE"


@pytest.fixture
def version(cast: Cast) -> RubricVersion:
    return published(cast.project)


@pytest.fixture
def dialogue(cast: Cast, version: RubricVersion) -> Dialogue:
    row = added(cast.project, parsed(1, own_words=True))[0]
    for turn in supporter_turns(row):
        _rate(cast, version, turn.pk, cast.annotators[0])
    return row


def _rate(cast: Cast, version: RubricVersion, turn: object, user: User) -> None:
    target = targets.targets_for(project=cast.project, turns=[turn])[0]  # type: ignore[list-item]
    ratings.submit_rating(
        target=target,
        spec=version.spec,  # type: ignore[arg-type]
        rater=ratings.rater_for_person(project=cast.project, user=user),
        purpose="desk",
        scores=[
            NewScore("empathy", 4, rationale=WORDS, evidence=[NewEvidence("gets quiet")]),
            NewScore("plan", status="not_applicable"),
        ],
    )


def _queue(cast: Cast, version: RubricVersion, *raters: User, first: bool = True) -> Queue:
    """A queue of the first or of all supporter turns."""
    collection = sets.collection_create(
        project=cast.project, actor=cast.leads[0], name="Q", query=SetQuery()
    )
    snapshot = sets.freeze(collection=collection, actor=cast.leads[0], limit=1 if first else None)
    queue = Queue.objects.create(
        project=cast.project, number=1, name="Q", version=version, snapshot=snapshot
    )
    for member in snapshot.members.all():
        Item.objects.create(
            project=cast.project, queue=queue, position=member.position, target=member.target
        )
    for user in raters:
        QueueRater.objects.create(project=cast.project, queue=queue, user=user)
    return queue


def _page(client: Client, cast: Cast, row: Dialogue, user: User) -> str:
    client.force_login(user)
    return html_of(client.get(reverse("dialogue", args=[cast.project.pk, row.pk])))


def test_who_does_not_rate_there_sees_the_ratings(
    cast: Cast, client: Client, dialogue: Dialogue, version: RubricVersion
) -> None:
    _queue(cast, version, cast.annotators[0], first=False)
    for reader in (cast.leads[0], cast.clinicians[0]):
        page = _page(client, cast, dialogue, reader)
        assert page.count(WORDS) == 2
        # Closed until somebody opens them, so that a dialogue keeps its height.
        assert page.count('<details class="note-rating" id="rating-') == 2
        assert ("Ana Annotator" in page) == (reader == cast.leads[0])
        assert ("Rater A" in page) == (reader == cast.clinicians[0])
        assert "<mark>gets quiet<sup>1</sup></mark>" in page


def test_scripts_of_clinicians_read_no_names_either(
    cast: Cast, client: Client, dialogue: Dialogue
) -> None:
    turn = supporter_turns(dialogue)[0]
    _rate(cast, published(cast.project), turn.pk, cast.clinicians[0])
    url = reverse("api_dialogue_retrieve", args=[cast.project.pk, dialogue.pk])

    def names(reader: User) -> list[str]:
        client.force_login(reader)
        turns = client.get(url).json()["turns"]
        return [rating["rater"] for rating in turns[turn.position]["ratings"]]

    assert names(cast.leads[0]) == ["Ana Annotator", "Clara Clinician"]
    assert names(cast.clinicians[0]) == ["Rater A", "You"]
    assert names(cast.clinicians[1]) == ["Rater A", "Rater B"]


def test_who_rates_there_sees_nothing_of_it_before_the_own_submit(
    cast: Cast, client: Client, dialogue: Dialogue, version: RubricVersion
) -> None:
    lead = cast.leads[1]
    _queue(cast, version, lead)
    page = _page(client, cast, dialogue, lead)
    assert page.count(WORDS) == 1
    assert "Hidden until you have rated it." in page
    assert "of 1 item are hidden" in page

    first = Target.objects.get(turn=supporter_turns(dialogue)[0])
    item = Item.objects.get(target=first)
    _rate(cast, version, first.turn_id, lead)
    rater = ratings.rater_for_person(project=cast.project, user=lead)
    Assignment.objects.create(
        project=cast.project,
        item=item,
        rater=rater,
        state="submitted",
        leased_until=timezone.now(),
        rating=first.ratings.get(rater=rater),
        submitted_at=timezone.now() - timedelta(hours=1),
    )
    assert _page(client, cast, dialogue, lead).count(WORDS) == 3


def test_what_the_source_kept_beside_the_dialogue_is_hidden_with_its_ratings(
    cast: Cast, client: Client, version: RubricVersion
) -> None:
    """A survey of the source comes twice: as ratings, and whole in `meta`."""
    survey = {"seeker_survey": {"empathy": 5}, "feedback": [None, 5]}
    row = added(cast.project, replace(parsed(1), meta=survey))[0]
    lead, other = cast.leads[1], cast.leads[0]
    _queue(cast, version, lead)
    url = reverse("api_dialogue_retrieve", args=[cast.project.pk, row.pk])
    client.force_login(other)
    assert client.get(url).json()["meta"] == survey
    client.force_login(lead)
    assert client.get(url).json()["meta"] == {}


def test_a_clinician_in_a_queue_is_blind_too(
    cast: Cast, client: Client, dialogue: Dialogue, version: RubricVersion
) -> None:
    _queue(cast, version, cast.clinicians[0], first=False)
    page = _page(client, cast, dialogue, cast.clinicians[0])
    assert WORDS not in page
    assert "<mark>" not in page
    assert "Ana Annotator" not in page


def test_a_withdrawn_rating_is_not_shown(
    cast: Cast, client: Client, dialogue: Dialogue, version: RubricVersion
) -> None:
    target = Target.objects.get(turn=supporter_turns(dialogue)[0])
    ratings.withdraw_rating(rating=target.ratings.get(), actor=cast.annotators[0])
    assert _page(client, cast, dialogue, cast.leads[0]).count(WORDS) == 1


def test_a_longer_dialogue_costs_no_more_queries(
    cast: Cast, version: RubricVersion, django_assert_num_queries: Any
) -> None:
    short, long = added(cast.project, parsed(5, pairs=2), parsed(6, pairs=20))
    for row in (short, long):
        for turn in supporter_turns(row):
            _rate(cast, version, turn.pk, cast.annotators[0])
    member = cast.member(cast.leads[0])
    with CaptureQueriesContext(connection) as few:
        transcript_of(short, member)
    with django_assert_num_queries(len(few)):
        transcript_of(long, member)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([], [Part("abcdef")]),
        ([(1, 3, 1)], [Part("a"), Part("bc", (1,)), Part("def")]),
        (
            [(0, 4, 1), (2, 6, 2)],
            [Part("ab", (1,)), Part("cd", (1, 2)), Part("ef", (2,))],
        ),
        ([(0, 6, 2), (0, 6, 2)], [Part("abcdef", (2,))]),
    ],
)
def test_a_text_is_cut_where_marks_begin_and_end(
    marks: list[tuple[int, int, int]], expected: list[Part]
) -> None:
    assert parts_of("abcdef", marks) == expected
