"""Making, closing and staffing queues."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.desk import services as desk
from annotation.models import Assignment, Queue, QueueRater
from annotation.queues import queries
from annotation.queues import services as queues
from tests.support.desk import Desk
from tests.support.pages import html_of
from webapp.accounts.models import Membership
from webapp.audit.models import Entry
from webapp.errors import Refused

JSON = "application/json"


def test_a_queue_is_a_frozen_set_in_its_order(at_desk: Desk) -> None:
    items = list(at_desk.queue.items.select_related("target__turn__dialogue"))
    assert len(items) == 6
    assert [(i.target.turn.dialogue.number, i.target.turn.position) for i in items] == [
        (number, position) for number in (1, 2, 3) for position in (1, 3)
    ]
    assert at_desk.queue.snapshot.members.count() == 6
    assert Entry.objects.filter(action="queue.created", object_id=str(at_desk.queue.pk)).exists()


def test_a_queue_over_a_snapshot_asks_for_the_same_items_again(at_desk: Desk) -> None:
    again = at_desk.another_queue(
        at_desk.cast.annotators[0], collection=None, snapshot=at_desk.queue.snapshot
    )
    targets = list(again.items.values_list("target_id", flat=True))
    assert targets == list(at_desk.queue.items.values_list("target_id", flat=True))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "  "}, "name"),
        ({"name": "First look"}, "name"),
        ({"overlap": 0}, "overlap"),
        ({"overlap": 21}, "overlap"),
        ({"lease_minutes": 0}, "lease"),
        ({"collection": None}, "source"),
        ({"raters": []}, "raters"),
    ],
)
def test_what_no_queue_can_be_made_from(at_desk: Desk, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        at_desk.another_queue(*at_desk.cast.annotators, **changes)
    assert refusal.value.code == code
    assert Queue.objects.count() == 1


def test_only_annotators_of_the_project_rate(at_desk: Desk) -> None:
    for nobody in (at_desk.cast.leads[0], at_desk.cast.stranger):
        with pytest.raises(Refused, match="not an annotator"):
            at_desk.another_queue(nobody)
        with pytest.raises(Refused, match="not an annotator"):
            queues.queue_set_raters(queue=at_desk.queue, actor=nobody, raters=[nobody])


def test_who_leaves_gives_back_what_they_hold_and_keeps_what_they_rated(at_desk: Desk) -> None:
    ana, ben, cem = at_desk.cast.annotators
    at_desk.rate(ana)
    held = at_desk.claim(ana)
    queues.queue_set_raters(queue=at_desk.queue, actor=at_desk.cast.leads[0], raters=[ben, cem])
    assert set(QueueRater.objects.values_list("user", flat=True)) == {ben.pk, cem.pk}
    assert Assignment.objects.get(pk=held.pk).state == "released"
    assert Assignment.objects.filter(rater__user=ana, state="submitted").count() == 1
    with pytest.raises(Refused, match="no longer in this queue"):
        desk.claim_next(queue=at_desk.queue, rater=at_desk.rater(ana))
    people = {str(person.user): person for person in queries.people_of(at_desk.queue)}
    assert not people["Ana Annotator"].has_place
    assert people["Ana Annotator"].submitted == 1
    assert people["Ben Annotator"].submitted == 0


def test_close_and_open_again(at_desk: Desk) -> None:
    ana, lead = at_desk.cast.annotators[0], at_desk.cast.leads[0]
    held = at_desk.claim(ana)
    assert queues.queue_close(queue=at_desk.queue, actor=lead)
    assert not queues.queue_close(queue=at_desk.queue, actor=lead)
    with pytest.raises(Refused, match="closed"):
        desk.claim_next(queue=at_desk.queue, rater=at_desk.rater(ana))
    with pytest.raises(Refused, match="Your draft is saved"):
        desk.submit(assignment=held, draft={"scores": {"empathy": 3, "asks": 1, "safe": 1}})
    assert Assignment.objects.get(pk=held.pk).draft["scores"]["empathy"] == 3
    assert queues.queue_open(queue=at_desk.queue, actor=lead)
    assert at_desk.claim(ana).pk == held.pk


def test_a_concern_reaches_the_lead_and_is_handled_once(at_desk: Desk, client: Client) -> None:
    ana, (lead, blind) = at_desk.cast.annotators[0], at_desk.cast.leads
    held = at_desk.claim(ana)
    desk.flag(assignment=held, actor=ana, reason="She speaks of self-harm.")
    project = at_desk.cast.project.pk
    client.force_login(lead)
    home, page = (
        reverse("project_home", args=[project]),
        reverse("queue", args=[project, at_desk.queue.pk]),
    )
    text = html_of(client.get(home))
    assert f"{ana} reported a concern about Dialogue 1, turn 2" in text
    assert "She speaks of self-harm." in text
    assert f'href="{page}#concerns"' in text
    handle = reverse("concern_handle", args=[project, held.pk])
    assert f'action="{handle}"' in html_of(client.get(page))
    row = Assignment.objects.get(pk=held.pk)
    assert row.flagged_at is not None
    read = {"read_at": row.flagged_at.isoformat()}
    assert client.post(handle, read).url == f"{page}#concerns"
    client.post(handle, read)
    entry = Entry.objects.get(action="concern.handled")
    assert (entry.actor, entry.object_id) == (lead, str(held.pk))
    row = Assignment.objects.get(pk=held.pk)
    assert (row.flag_handled_by, row.flag_handled_at is not None) == (lead, True)
    assert "reported a concern" not in html_of(client.get(home))
    assert f"{lead}, " in html_of(client.get(page))
    # Reported again, it is open again.
    desk.flag(assignment=held, actor=ana, reason="And again.")
    assert "And again." in html_of(client.get(home))
    # Who still rates the item learns that there is something, and not what.
    client.force_login(blind)
    text = html_of(client.get(home))
    assert "1 concern about items that you still rate" in text
    assert "And again." not in text
    assert client.post(handle).status_code == 404


def test_a_concern_is_not_handled_unread(at_desk: Desk, client: Client) -> None:
    ana, lead = at_desk.cast.annotators[0], at_desk.cast.leads[0]
    held = at_desk.claim(ana)
    desk.flag(assignment=held, actor=ana, reason="A typing error.")
    where = [at_desk.cast.project.pk, at_desk.queue.pk]
    client.force_login(lead)
    shown = html_of(client.get(reverse("queue", args=where)))
    read_at = re.findall(r'name="read_at" value="([^"]+)"', shown)
    desk.flag(assignment=held, actor=ana, reason="She speaks of self-harm.")
    handle = reverse("concern_handle", args=[where[0], held.pk])
    page = html_of(client.post(handle, {"read_at": read_at}, follow=True))
    assert "reported again" in page
    assert "She speaks of self-harm." in page
    assert Assignment.objects.get(pk=held.pk).flag_handled_at is None


def test_concerns_by_script(at_desk: Desk, client: Client, django_assert_num_queries: Any) -> None:
    ana, lead = at_desk.cast.annotators[0], at_desk.cast.leads[0]
    client.force_login(lead)
    where = [at_desk.cast.project.pk]
    url = reverse("api_concern_list", args=where)
    held = at_desk.claim(ana)
    desk.flag(assignment=held, actor=ana, reason="First.")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        (found,) = client.get(url).json()["results"]
    cost = len(few)
    assert (found["title"], found["by"], found["reason"]) == (
        "Dialogue 1, turn 2", str(ana), "First.",
    )  # fmt: skip
    assert (found["handled_at"], found["handled_by"]) == (None, None)
    handle, read = reverse("api_concern_handle", args=[*where, held.pk]), found["reported_at"]
    unread = client.post(handle, {}, content_type=JSON)
    assert unread.status_code == 400 and "read_at" in unread.content.decode()
    done = client.post(handle, {"read_at": read}, content_type=JSON).json()
    assert (done["handled_by"], done["handled_at"] is not None) == (str(lead), True)
    for _ in range(2):
        at_desk.rate(ana)
        desk.flag(assignment=at_desk.claim(ana), actor=ana, reason="More.")
    with django_assert_num_queries(cost):
        assert len(client.get(url).json()["results"]) == 3
    assert len(client.get(url, {"is_open": "true"}).json()["results"]) == 2


def test_a_script_handles_no_concern_unread(at_desk: Desk, client: Client) -> None:
    ana, lead = at_desk.cast.annotators[0], at_desk.cast.leads[0]
    held = at_desk.claim(ana)
    desk.flag(assignment=held, actor=ana, reason="A typing error.")
    client.force_login(lead)
    where = [at_desk.cast.project.pk]
    url = reverse("api_concern_list", args=where)
    handle = reverse("api_concern_handle", args=[*where, held.pk])
    (read,) = client.get(url).json()["results"]
    desk.flag(assignment=held, actor=ana, reason="She speaks of self-harm.")
    answer = client.post(handle, {"read_at": read["reported_at"]}, content_type=JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    assert Assignment.objects.get(pk=held.pk).flag_handled_at is None
    (now,) = client.get(url).json()["results"]
    answer = client.post(handle, {"read_at": now["reported_at"]}, content_type=JSON)
    assert (answer.status_code, answer.json()["handled_by"]) == (200, str(lead))


def test_progress_is_counted_from_rows(at_desk: Desk) -> None:
    ana, ben, _ = at_desk.cast.annotators
    at_desk.rate(ana)
    at_desk.rate(ben)
    at_desk.rate(ana)
    at_desk.claim(ben)
    found = queries.progress_of(at_desk.queue)
    assert (found.done, found.needed, found.items) == (3, 12, 6)
    assert (found.complete, found.begun, found.untouched, found.held) == (1, 1, 4, 1)


def test_the_list_of_queues_costs_the_same_for_many(
    at_desk: Desk, client: Client, django_assert_num_queries: Any
) -> None:
    client.force_login(at_desk.cast.leads[0])
    url = reverse("queues", args=[at_desk.cast.project.pk])
    at_desk.rate(at_desk.cast.annotators[0])
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        assert "First look" in html_of(client.get(url))
    for number in range(6):
        at_desk.another_queue(*at_desk.cast.annotators, name=f"Queue {number}")
    with django_assert_num_queries(len(few)):
        assert "Queue 5" in html_of(client.get(url))


def test_a_lead_makes_closes_and_staffs_a_queue_in_the_browser(
    at_desk: Desk, client: Client
) -> None:
    cast = at_desk.cast
    client.force_login(cast.leads[0])
    url = reverse("queue_new", args=[cast.project.pk])
    assert "Create the queue" in html_of(client.get(url))
    posted = {
        "name": "Second look",
        "source": f"collection:{at_desk.collection.pk}",
        "version": at_desk.version.pk,
        "overlap": 3,
        "limit": 2,
        "order": "random",
        "lease_minutes": 30,
        "adjudicate_from": 2,
        "raters": [cast.annotators[0].pk, cast.annotators[1].pk],
    }
    page = client.post(url, posted, follow=True)
    queue = Queue.objects.get(name="Second look")
    text = html_of(page)
    assert "Second look" in text
    assert "This queue can’t be completed yet." in text
    assert queue.items.count() == 2
    assert queue.snapshot.seed == 1

    where = {"project_id": cast.project.pk, "queue_id": queue.pk}
    raters = [annotator.pk for annotator in cast.annotators]
    page = client.post(reverse("queue_raters", kwargs=where), {"raters": raters}, follow=True)
    assert "3 people can rate in" in html_of(page)
    page = client.post(reverse("queue_close", kwargs=where), follow=True)
    assert "Reopen the queue" in html_of(page)
    page = client.post(reverse("queue_open", kwargs=where), follow=True)
    assert "Close the queue" in html_of(page)


def test_ids_of_another_project_are_no_choice(at_desk: Desk, client: Client) -> None:
    cast = at_desk.cast
    client.force_login(cast.leads[0])
    foreign = {
        "name": "Mine",
        "source": "collection:00000000-0000-0000-0000-000000000000",
        "version": at_desk.version.pk,
        "overlap": 2,
        "order": "given",
        "lease_minutes": 30,
        "adjudicate_from": 2,
        "raters": [cast.stranger.pk],
    }
    page = client.post(reverse("queue_new", args=[cast.project.pk]), foreign)
    assert page.status_code == 200
    assert set(page.context["form"].errors) == {"source", "raters"}


def test_without_annotators_the_form_leads_to_the_members(at_desk: Desk, client: Client) -> None:
    project = at_desk.cast.project
    Membership.objects.filter(project=project, role="annotator").delete()
    client.force_login(at_desk.cast.leads[0])
    page = html_of(client.get(reverse("queue_new", args=[project.pk])))
    assert "The project has no annotators" in page and "Create the queue" not in page
    assert f'<a class="btn" href="{reverse("members", args=[project.pk])}">' in page
