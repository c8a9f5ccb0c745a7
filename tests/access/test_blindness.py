"""Every address that is read, for somebody who still rates the text that it is about."""

import re

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from tests.access.blind_addresses import LEAVES_IT_OUT, SAYS_NOTHING, TELLS_OF_IT
from tests.access.blind_scene import MARKER, BlindScene
from tests.access.test_permissions import BY_NAME, RULES, give_session, url_of
from tests.access.test_sockets import BUILDERS, KINDS
from tests.conftest import Cast
from webapp.accounts.access import find_member
from webapp.runs import registry

pytestmark = pytest.mark.slow

# Everything in a project that is read, and what sockets send of each kind of run. What is read
# outside of projects tells nothing of texts.
READ = [
    *sorted(rule.name for rule in RULES if "GET" in rule.methods and BY_NAME[rule.name].in_project),
    *(f"live_run({kind})" for kind in KINDS),
]

# What differs between two answers to the same question: ids, tokens, hashes and times.
_OF_THE_MOMENT = re.compile(
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|[A-Za-z0-9]{64}"
    r"|\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?"
)

Answers = dict[str, str]


def test_every_address_is_decided() -> None:
    decided = [*TELLS_OF_IT, *LEAVES_IT_OUT, *SAYS_NOTHING]
    assert sorted(decided) == sorted(READ), (
        "say of each address in a project that is read, in tests/access/blind_addresses.py, "
        "whether it tells what was said about a text"
    )


def test_no_address_tells_a_rater_what_it_tells_the_others(cast: Cast) -> None:
    scene = BlindScene(cast)
    blind = read_all(scene)
    assert told_by(blind) == {}
    scene.open_eyes()
    seeing = read_all(scene)
    # Else the test would pass for an address that shows nothing of the scene.
    assert sorted(told_by(seeing)) == sorted(TELLS_OF_IT)
    left_out = {
        name for name in READ if named_in(seeing[name], scene) and not named_in(blind[name], scene)
    }
    assert sorted(left_out - set(TELLS_OF_IT)) == sorted(LEAVES_IT_OUT)


def test_no_address_changes_with_what_was_said(cast: Cast) -> None:
    """Levels, verdicts, counts and means of them carry no marker: all answers are the same where
    everybody else said the opposite."""
    one, other = (answers_of_the_moment(cast, is_other=is_other) for is_other in (False, True))
    assert [name for name in READ if one[name] != other[name]] == []


class Undone(Exception):
    """Ends a transaction that is not kept."""


def answers_of_the_moment(cast: Cast, *, is_other: bool) -> Answers:
    answers: Answers = {}
    try:
        with transaction.atomic():
            answers = read_all(BlindScene(cast, is_other=is_other))
            raise Undone
    except Undone:
        return {name: _OF_THE_MOMENT.sub("?", answer) for name, answer in answers.items()}


def read_all(scene: BlindScene) -> Answers:
    """What the person of the scene gets, by the name of the address."""
    client = Client()
    give_session(client, scene.person)
    answers = {}
    for name in READ:
        cache.clear()
        kind = re.fullmatch(r"live_run\((.*)\)", name)
        answers[name] = _live(scene, kind[1]) if kind else _page(scene, client, name)
    return answers


def told_by(answers: Answers) -> dict[str, list[str]]:
    """What is planted and stands in an answer."""
    found = {name: re.findall(rf"{MARKER}-[a-z0-9-]*", text) for name, text in answers.items()}
    return {name: sorted(set(markers)) for name, markers in found.items() if markers}


def named_in(answer: str, scene: BlindScene) -> bool:
    return any(name in answer for name in scene.names)


def _page(scene: BlindScene, client: Client, name: str) -> str:
    answer = client.get(url_of(BY_NAME[name], scene, scene.project.pk))
    assert answer.status_code < 500, name
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace"))


def _live(scene: BlindScene, kind: str) -> str:
    member = find_member(scene.person, scene.project.pk)
    assert member is not None
    followed = scene.built_by(BUILDERS[kind])
    topic = registry.find_topic(kind)
    if topic is not None:
        return topic.render(followed.pk, member)
    parts = registry.find(kind).render(followed, member)
    return parts if isinstance(parts, str) else "".join(parts)
