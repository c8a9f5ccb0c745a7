"""Every address that is read, for somebody who still rates the text that it is about."""

import re

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from tests.access.blind_addresses import SAYS_NOTHING, TELLS_OF_TEXTS
from tests.access.blind_scene import MARKER, BlindScene
from tests.access.routes import Route
from tests.access.test_permissions import BY_NAME, RULES, give_session, url_of
from tests.conftest import Cast

# Everything in a project that is read. What is read outside of projects tells nothing of texts.
READ = sorted(
    rule.name for rule in RULES if "GET" in rule.methods and BY_NAME[rule.name].in_project
)


@pytest.fixture
def scene(cast: Cast) -> BlindScene:
    return BlindScene(cast)


def test_every_address_is_decided() -> None:
    assert sorted({*TELLS_OF_TEXTS, *SAYS_NOTHING}) == READ, (
        "say of each address in a project that is read, in tests/access/blind_addresses.py, "
        "whether it tells what was said about a text"
    )
    assert not set(TELLS_OF_TEXTS) & set(SAYS_NOTHING)


def test_no_address_tells_a_rater(scene: BlindScene) -> None:
    told = {name: found for name in (TELLS_OF_TEXTS or READ) if (found := markers(scene, name))}
    assert told == {}


def test_each_address_tells_the_others_what_is_planted(scene: BlindScene) -> None:
    """Else the test above would pass for an address that shows nothing of the scene."""
    scene.open_eyes()
    told = {name: found for name in READ if (found := markers(scene, name))}
    assert sorted(told) == sorted(TELLS_OF_TEXTS)


def markers(scene: BlindScene, name: str) -> list[str]:
    """What is planted and stands in the answer."""
    cache.clear()
    route: Route = BY_NAME[name]
    client = Client()
    give_session(client, scene.person)
    answer = client.get(url_of(route, scene, scene.project.pk))
    assert answer.status_code < 500
    return sorted(set(re.findall(rf"{MARKER}-[a-z0-9-]*", _text(answer))))


def _text(answer: HttpResponse) -> str:
    if answer.streaming:
        return ""
    return answer.content.decode(errors="replace")
