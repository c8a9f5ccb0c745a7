"""A submitted rating that its rater opens again: a change is a new rating."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.desk import services as desk
from annotation.models import Adjudication, Assignment, QueueRater, Rating
from annotation.queues import services as queues
from tests.support.desk import FULL, Desk, own
from tests.support.pages import html_of
from webapp.accounts.models import Role, User
from webapp.accounts.services import members
from webapp.audit.models import Entry
from webapp.errors import Refused

OTHER = {"scores": FULL["scores"] | {"empathy": 1}, "rationales": {"empathy": "On reflection."}}
FORM = {"score-empathy": "1", "score-asks": "0", "score-safe": "na"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(at_desk: Desk) -> User:
    return at_desk.cast.annotators[0]


@pytest.fixture
def rated(at_desk: Desk, ana: User) -> Assignment:
    """Ana's rating of the first item, which she can no longer undo."""
    done = at_desk.rate(ana)
    QueueRater.objects.update(blind_since=timezone.now() - timedelta(minutes=9))
    Assignment.objects.filter(pk=done.pk).update(submitted_at=timezone.now() - timedelta(minutes=5))
    return own(done)


def _change(rated: Assignment, draft: Any = OTHER, **changes: Any) -> Assignment:
    return desk.submit(assignment=rated, draft=draft, **{"replaces": rated.rating_id, **changes})


def test_a_change_takes_the_place_of_the_rating_and_overwrites_nothing(
    rated: Assignment, ana: User
) -> None:
    before = Rating.objects.get()
    done = _change(rated)
    now = Rating.objects.get(withdrawn_at=None)
    assert done.rating_id == now.pk != before.pk
    assert (now.pass_number, now.purpose) == (before.pass_number, "desk")
    assert now.scores.get(criterion_uid="empathy").value == 1
    before.refresh_from_db()
    assert before.withdrawn_at is not None
    assert before.scores.get(criterion_uid="empathy").value == 4
    assert done.submitted_at == rated.submitted_at
    entry = Entry.objects.get(action="rating.changed")
    assert (entry.actor, entry.object_id, entry.details) == (
        ana, str(now.pk), {"replaced": str(before.pk)},
    )  # fmt: skip
    # Sent again it is the same change; what says the same as before is none.
    assert _change(rated).rating_id == now.pk
    assert _change(own(rated)).rating_id == now.pk
    assert Rating.objects.count() == 2


def test_a_window_that_knows_an_earlier_rating_changes_nothing(rated: Assignment) -> None:
    stale = own(rated)
    _change(rated)
    with pytest.raises(Refused, match="you rated this in another window"):
        _change(stale, {"scores": FULL["scores"] | {"empathy": 5}})
    assert Rating.objects.get(withdrawn_at=None).scores.get(criterion_uid="empathy").value == 1


def test_the_draft_of_a_change_is_kept_and_the_rating_counts_meanwhile(rated: Assignment) -> None:
    revision = rated.draft_revision
    kept = desk.draft_save(
        assignment=rated, draft=OTHER, revision=revision, replaces=rated.rating_id
    )
    assert (kept.is_held, own(rated).state) == (True, "submitted")
    assert own(rated).draft["scores"]["empathy"] == 1
    assert Rating.objects.get().scores.get(criterion_uid="empathy").value == 4
    with pytest.raises(Refused, match="already submitted"):
        desk.draft_save(assignment=rated, draft=OTHER, revision=kept.revision)


def _close(at_desk: Desk, rated: Assignment) -> None:
    queues.queue_close(queue=at_desk.queue, actor=at_desk.cast.leads[0])


def _open_again(at_desk: Desk, rated: Assignment) -> None:
    _close(at_desk, rated)
    queues.queue_open(queue=at_desk.queue, actor=at_desk.cast.leads[0])


def _leave(at_desk: Desk, rated: Assignment) -> None:
    QueueRater.objects.filter(user=rated.rater.user).delete()


def _become_lead(at_desk: Desk, rated: Assignment) -> None:
    lead, user = at_desk.cast.leads[0], rated.rater.user
    members.change_roles(
        actor=lead, project=at_desk.cast.project, user=user, roles=[Role.ANNOTATOR, Role.LEAD]
    )


def _settle(at_desk: Desk, rated: Assignment) -> None:
    Adjudication.objects.create(
        project=at_desk.cast.project,
        item=rated.item,
        adjudicator=at_desk.rater(at_desk.cast.clinicians[0]),
        # After her time, too: a late submit counts, and has to be about what she read.
        leased_until=timezone.now() - timedelta(minutes=5),
    )


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (_close, "closed"),
        (_open_again, "read"),
        (_leave, "left"),
        (_become_lead, "read"),
        (_settle, "settled"),
    ],
)
def test_nothing_is_changed_after_others_may_have_been_read(
    at_desk: Desk, rated: Assignment, client: Client, happens: Any, code: str
) -> None:
    happens(at_desk, rated)
    with pytest.raises(Refused) as refusal:
        _change(own(rated))
    assert refusal.value.code == code
    assert Rating.objects.get().withdrawn_at is None
    client.force_login(rated.rater.user)
    where = [rated.project_id, rated.pk]
    assert client.get(reverse("desk_item", args=where)).status_code == 302
    page = html_of(client.get(reverse("my_ratings", args=where[:1])))
    assert "Dialogue 1, turn 2" in page
    assert "Open and change" not in page


def test_my_ratings_show_the_text_and_open_it_again(
    rated: Assignment, client: Client, ana: User
) -> None:
    client.force_login(ana)
    where = [rated.project_id, rated.pk]
    mine = reverse("my_ratings", args=where[:1])
    item, submit = (reverse(name, args=where) for name in ("desk_item", "desk_submit"))
    page = html_of(client.get(mine))
    assert "The kitchen 🍲 gets quiet" in page
    assert f'href="{item}"' in page
    opened = html_of(client.get(item))
    assert f'name="replaces" value="{rated.rating_id}"' in opened
    assert "You rated this on" in opened
    assert 'value="4" data-key="4" aria-label="4, Deepens"' in opened
    assert 'id="skip"' not in opened
    answer = client.post(submit, FORM | {"replaces": str(rated.rating_id)}, headers=HTMX)
    assert answer["HX-Redirect"] == mine
    assert "desk:submitted" in answer["HX-Trigger"]
    assert "Only the new one counts." in html_of(client.get(mine))
    assert Rating.objects.get(withdrawn_at=None).scores.get(criterion_uid="empathy").value == 1


def test_a_rating_is_changed_by_script(rated: Assignment, client: Client, ana: User) -> None:
    client.force_login(ana)
    where = [rated.project_id, rated.pk]
    (row,) = client.get(reverse("api_desk_ratings", args=where[:1])).json()["results"]
    assert (row["item"], row["can_change"]) == (str(rated.pk), True)
    assert (row["title"], row["text"][:11]) == ("Dialogue 1, turn 2", "The kitchen")
    path = reverse("api_desk_submit", args=where)
    body = {**OTHER, "replaces": row["id"]}
    done = client.post(path, body, content_type="application/json")
    assert done.status_code == 200
    shown = client.get(reverse("api_desk_item", args=where)).json()
    assert shown["rating"] == done.json()["rating"] != row["id"]
