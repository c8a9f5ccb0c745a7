"""Every address that is read, for somebody who still rates the text that it is about."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from annotation.exports import registry as exports
from annotation.exports.services import select
from tests.access.blind_addresses import (
    HAS_A_TEST_OF_ITS_OWN,
    LEAVES_IT_OUT,
    SAYS_NOTHING,
    TELLS_FIGURES,
    TELLS_OF_IT,
)
from tests.access.blind_scene import BlindScene
from tests.access.blind_words import MARKER
from tests.access.test_permissions import BY_NAME, RULES, give_session, url_of
from tests.access.test_sockets import BUILDERS, KINDS
from tests.conftest import Cast, make_cast
from webapp.accounts.access import Member, find_member
from webapp.runs import registry

# The scene is read once, before the tests; the mark is what has the database made.
pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# Everything in a project that is read, what sockets send of each kind of run, and the rows of each
# table that is exported. What is read outside of projects tells nothing of texts.
READ = [
    *sorted(rule.name for rule in RULES if "GET" in rule.methods and BY_NAME[rule.name].in_project),
    *(f"live_run({kind})" for kind in KINDS),
    *(f"export({table.name})" for table in exports.tables()),
]

# What differs between two answers to the same question: ids, tokens, hashes and times.
_OF_THE_MOMENT = re.compile(
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|[A-Za-z0-9]{64}"
    r"|\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\b|>[0-9a-f]{6}<"
    r"|\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?|\b\d\d:\d\d(:\d\d)?\b"
    r"|\b\d{1,2} [A-Z][a-z]{2,8} \d{4}\b"
)

Answers = dict[str, str]


def test_every_address_is_decided() -> None:
    lists = (TELLS_OF_IT, TELLS_FIGURES, LEAVES_IT_OUT, SAYS_NOTHING, HAS_A_TEST_OF_ITS_OWN)
    decided = [name for names in lists for name in names]
    assert sorted(decided) == sorted(READ), (
        "say of each address in a project that is read, in tests/access/blind_addresses.py, "
        "whether it tells what was said about a text"
    )


@dataclass(frozen=True)
class Told:
    """What the person of a scene got at each address before their eyes were open, and after."""

    blind: Answers
    seeing: Answers
    names: list[str]


@pytest.fixture(scope="module")
def both(django_db_setup: None, django_db_blocker: Any) -> tuple[Told, Told]:
    """In the scene, and where everybody else said the opposite. The cast is the same: the project
    decides of which split a dialogue is."""
    with django_db_blocker.unblock(), transaction.atomic():
        cast = make_cast()
        found = (read_both_ways(cast, is_other=False), read_both_ways(cast, is_other=True))
        transaction.set_rollback(True)
    return found


def test_no_address_tells_a_rater_what_it_tells_the_others(both: tuple[Told, Told]) -> None:
    told, _ = both
    assert marked_in(told.blind) == {}
    # Else the test would pass for an address that shows nothing of the scene.
    assert sorted(marked_in(told.seeing)) == sorted(TELLS_OF_IT)
    left_out = {
        name
        for name in READ
        if named_in(told.seeing[name], told) and not named_in(told.blind[name], told)
    }
    assert sorted(left_out - {*TELLS_OF_IT, *TELLS_FIGURES}) == sorted(LEAVES_IT_OUT)


def test_no_address_changes_with_what_was_said(both: tuple[Told, Told]) -> None:
    """Levels, verdicts, counts and means of them carry no marker: all answers are the same where
    everybody else said the opposite."""
    told, told_otherwise = both
    blind, blind_there = lasting(told.blind), lasting(told_otherwise.blind)
    assert [name for name in READ if blind[name] != blind_there[name]] == []
    seeing, seeing_there = lasting(told.seeing), lasting(told_otherwise.seeing)
    figures = [name for name in READ if seeing[name] != seeing_there[name]]
    assert sorted(set(figures) - set(TELLS_OF_IT)) == sorted(TELLS_FIGURES)


def test_a_preview_leaves_out_texts_that_its_reader_still_rates(cast: Cast) -> None:
    """The scene has too few texts for figures of a preview, but they are counted."""
    scene, client, found = BlindScene(cast, is_other=False), Client(), []
    give_session(client, scene.person)
    for _ in range(2):
        preview = json.loads(_answer(scene, client, "api_impact_retrieve"))
        found.append((preview["scored"], preview["hidden"], len(preview["agreement"])))
        scene.open_eyes()
    assert found == [(0, 2, 0), (2, 0, 2)]


def read_both_ways(cast: Cast, *, is_other: bool) -> Told:
    """The scene is not kept."""
    with transaction.atomic():
        scene = BlindScene(cast, is_other=is_other)
        blind = read_all(scene)
        scene.open_eyes()
        told = Told(blind, read_all(scene), [*scene.names])
        transaction.set_rollback(True)
    return told


def lasting(answers: Answers) -> Answers:
    """Without what is of the moment."""
    return {name: _OF_THE_MOMENT.sub("?", answer) for name, answer in answers.items()}


def read_all(scene: BlindScene) -> Answers:
    """What the person of the scene gets, by the name of the address."""
    client = Client()
    give_session(client, scene.person)
    answers = {}
    for name in READ:
        cache.clear()
        answers[name] = _answer(scene, client, name)
    return answers


def marked_in(answers: Answers) -> dict[str, list[str]]:
    """What is planted and stands in an answer."""
    found = {name: re.findall(rf"{MARKER}-[a-z0-9-]*", text) for name, text in answers.items()}
    return {name: sorted(set(markers)) for name, markers in found.items() if markers}


def named_in(answer: str, told: Told) -> bool:
    return any(name in answer for name in told.names)


def _answer(scene: BlindScene, client: Client, name: str) -> str:
    part = re.fullmatch(r"(live_run|export)\((.*)\)", name)
    if part is None:
        return _page(scene, client, name)
    return _live(scene, part[2]) if part[1] == "live_run" else _exported(scene, part[2])


def _page(scene: BlindScene, client: Client, name: str) -> str:
    answer = client.get(url_of(BY_NAME[name], scene, scene.project.pk))
    assert answer.status_code < 500, name
    # Files: models, and exports that were made before; for what a new one holds see `_exported`.
    return "" if answer.streaming else str(answer.content.decode(errors="replace"))


def _live(scene: BlindScene, kind: str) -> str:
    member = _member(scene)
    followed = scene.built_by(BUILDERS[kind])
    topic = registry.find_topic(kind)
    if topic is not None:
        return topic.render(followed.pk, member)
    parts = registry.find(kind).render(followed, member)
    return parts if isinstance(parts, str) else "".join(parts)


def _exported(scene: BlindScene, table: str) -> str:
    """What an export would hold if the person started it now."""
    wanted = exports.find(table)
    filters = {name: scene.filtered_by(name) for name in wanted.filters[:1] if wanted.place}
    selection = select(wanted, _member(scene), filters)
    return json.dumps([chunk.rows for chunk in selection.chunks()], default=str)


def _member(scene: BlindScene) -> Member:
    member = find_member(scene.person, scene.project.pk)
    assert member is not None
    return member
