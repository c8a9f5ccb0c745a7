"""The desk when requests meet: claims, submits and the end of a queue at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from annotation.desk import services as desk
from annotation.models import Rating, Score
from annotation.queues.services import queue_close
from annotation.ratings.drafts import read_draft
from rubrics.queries import spec_of
from tests.conftest import Cast
from tests.support.desk import FULL, build_desk, own
from tests.support.locks import waiting
from tests.support.waiting import SHORT_S, wait_until
from webapp.accounts.models import User
from webapp.errors import Refused


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 2])
def test_many_who_claim_at_once_never_go_beyond_the_overlap(cast: Cast, overlap: int) -> None:
    at_desk = build_desk(cast, dialogues=3, overlap=overlap)
    people = [*cast.annotators, cast.leads[1]]
    barrier = Barrier(len(people))

    def work(user: User) -> int:
        barrier.wait(10)
        done = 0
        try:
            while claimed := desk.claim_next(queue=at_desk.queue, rater=at_desk.rater(user)):
                desk.submit(assignment=own(claimed), draft=FULL)
                done += 1
        finally:
            connection.close()
        return done

    with ThreadPoolExecutor(len(people)) as pool:
        done = list(pool.map(work, people))
    # "Nothing is left" was true for everybody: each item has exactly its ratings.
    assert sum(done) == 6 * overlap
    for item in at_desk.queue.items.all():
        assert item.assignments.filter(state="submitted").count() == overlap
        assert item.assignments.exclude(state="submitted").count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_one_person_get_the_same_item(cast: Cast) -> None:
    at_desk = build_desk(cast)
    ana = cast.annotators[0]
    barrier = Barrier(2)

    def claim(_: int) -> Any:
        barrier.wait(10)
        try:
            return at_desk.claim(ana).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(claim, range(2)))) == 1


# ---- drafts


@pytest.mark.django_db(transaction=True)
def test_two_submits_at_once_are_one_rating(cast: Cast) -> None:
    at_desk = build_desk(cast)
    held = at_desk.claim(cast.annotators[0])
    barrier = Barrier(4)

    def submit(_: int) -> Any:
        barrier.wait(10)
        try:
            return desk.submit(assignment=own(held), draft=FULL).rating_id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(submit, range(4)))) == 1
    assert Rating.objects.count() == 1
    assert Score.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_close_waits_for_the_submits_under_way(cast: Cast) -> None:
    at_desk = build_desk(cast)
    held = at_desk.claim(cast.annotators[0])

    def close() -> int:
        try:
            queue_close(queue=at_desk.queue, actor=cast.leads[0])
            return Rating.objects.count()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            desk.submit(assignment=own(held), draft=FULL)
            closing = pool.submit(close)
            wait_until(lambda: closing.done() or waiting(), "the close")
        assert closing.result(SHORT_S) == 1
    at_desk.queue.refresh_from_db()
    assert at_desk.queue.closed_at > Rating.objects.get().submitted_at


@pytest.mark.django_db(transaction=True)
def test_a_submit_that_meets_a_close_is_refused(cast: Cast) -> None:
    at_desk = build_desk(cast)
    held = at_desk.claim(cast.annotators[0])

    def submit() -> None:
        try:
            desk.submit(assignment=own(held), draft=FULL)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            queue_close(queue=at_desk.queue, actor=cast.leads[0])
            late = pool.submit(submit)
            wait_until(lambda: late.done() or waiting(), "the submit")
        with pytest.raises(Refused, match="The queue was closed"):
            late.result(SHORT_S)
    assert Rating.objects.count() == 0
    held.refresh_from_db()
    assert held.draft == read_draft(spec_of(held.item.queue.version), FULL).to_json()
