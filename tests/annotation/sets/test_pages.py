"""The pages of sets."""

from django.test import Client
from django.urls import reverse

from annotation.models import Collection, Snapshot
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.pages import html_of


def test_a_set_is_made_and_frozen(cast: Cast, client: Client) -> None:
    added(cast.project, parsed(1), parsed(2, emotion="proud"))
    client.force_login(cast.clinicians[0])
    size = client.get(
        reverse("set_size", args=[cast.project.pk]), {"kind": "turn", "emotion": "proud"}
    )
    assert "2 members now" in html_of(size)
    response = client.post(
        reverse("set_new", args=[cast.project.pk]),
        {"name": "Proud ones", "kind": "turn", "emotion": "proud"},
    )
    collection = Collection.objects.get(name="Proud ones")
    assert collection.query == {"emotion": "proud", "kind": "turn"}
    assert "whose seeker feels proud" in html_of(client.get(response.url))

    url = reverse("snapshot_freeze", args=[cast.project.pk, collection.pk])
    assert client.post(url, {"limit": "1", "seed": ""}).status_code == 302
    snapshot = Snapshot.objects.get()
    assert snapshot.members.count() == 1
    page = html_of(client.get(response.url))
    assert snapshot.short_hash in page and "was created with 1 member." in page


def test_a_set_of_the_last_replies_is_one_of_the_choices(cast: Cast, client: Client) -> None:
    added(cast.project, parsed(1), parsed(2, emotion="proud"), parsed(3, pairs=3, emotion="proud"))
    client.force_login(cast.clinicians[0])
    chosen = {"kind": "last_turn", "emotion": "proud"}
    assert "2 members now" in html_of(
        client.get(reverse("set_size", args=[cast.project.pk]), chosen)
    )
    response = client.post(
        reverse("set_new", args=[cast.project.pk]), {"name": "Last ones", **chosen}
    )
    collection = Collection.objects.get(name="Last ones")
    assert collection.query == {"emotion": "proud", "kind": "turn", "last_only": True}
    page = html_of(client.get(response.url))
    assert "Last supporter turns whose seeker feels proud" in page
