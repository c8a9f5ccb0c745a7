"""What the editor asks as one writes: presence, a merge, an example, a preview, findings."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as ValkeyGone

from rubrics.models import RubricVersion
from rubrics.writing import presence
from rubrics.writing.services import draft_save
from tests.conftest import Cast
from tests.support.pages import html_of
from tests.support.rubric_texts import criterion, large_text, rubric_text
from tests.support.waiting import SHORT_S
from webapp.accounts.models import User
from webapp.accounts.services.members import remove_member

Ask = Callable[..., HttpResponse]


@pytest.fixture
def ask(cast: Cast, draft: RubricVersion) -> Ask:
    """Ask one of the editor's questions as somebody."""

    def send(name: str, body: object, *, by: User | None = None) -> HttpResponse:
        client = Client()
        client.force_login(by or cast.clinicians[0])
        kwargs: dict[str, Any] = {"project_id": cast.project.pk}
        if name in ("rubric_merge", "rubric_presence"):
            kwargs["version_id"] = draft.pk
        text = body if isinstance(body, str) else json.dumps(body)
        return client.post(reverse(name, kwargs=kwargs), text, content_type="application/json")

    return send


# Presence


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody is gone, and Valkey is not given up, because the machine is busy."""
    monkeypatch.setattr(presence, "GONE_AFTER_S", 3600.0)
    monkeypatch.setattr(presence, "PATIENCE_S", SHORT_S)
    presence._valkey.cache_clear()
    connected = presence._valkey
    yield
    connected.cache_clear()


@pytest.fixture
def beat(ask: Ask, patient: None) -> Callable[..., list[tuple[str, str, bool]]]:
    def send(person: User, at: str, tab: str = "one") -> list[tuple[str, str, bool]]:
        answer = ask("rubric_presence", {"tab": tab, "at": at}, by=person)
        return [(p["name"], p["at"], p["is_me"]) for p in answer.json()["people"]]

    return send


def test_others_who_have_the_draft_open_are_named(cast: Cast, beat: Any, ask: Ask) -> None:
    clara, carl = cast.clinicians
    assert beat(clara, "warmth") == []
    assert beat(carl, "about") == [("Clara Clinician", "warmth", False)]
    assert beat(clara, "warmth") == [("Carl Clinician", "about", False)]
    assert beat(carl, "safety", tab="two") == [
        ("Carl Clinician", "about", True),
        ("Clara Clinician", "warmth", False),
    ]
    assert beat(clara, "warmth") == [("Carl Clinician", "safety", False)]
    for tab in ("one", "two"):
        assert ask("rubric_presence", {"tab": tab, "at": None}, by=carl).status_code == 204
    assert beat(clara, "warmth") == []


def test_who_is_silent_for_a_while_is_gone(
    cast: Cast, beat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(cast.clinicians[1], "about")
    assert len(beat(cast.clinicians[0], "about")) == 1
    later = time.time() + presence.GONE_AFTER_S + 1
    monkeypatch.setattr(presence, "time", SimpleNamespace(time=lambda: later))
    assert beat(cast.clinicians[0], "about") == []


def test_whoever_lost_the_role_sees_nobody_and_is_seen_no_more(
    cast: Cast, beat: Any, ask: Ask
) -> None:
    clara, carl = cast.clinicians
    beat(clara, "about")
    beat(carl, "about")
    remove_member(actor=cast.leads[0], project=cast.project, user=carl)
    assert ask("rubric_presence", {"tab": "one", "at": "about"}, by=carl).status_code == 404
    assert beat(clara, "about") == []


def test_presence_says_which_revision_is_saved(cast: Cast, draft: RubricVersion, ask: Ask) -> None:
    text = rubric_text(title="Theirs")
    draft_save(version=draft, actor=cast.leads[0], content=text, expected_revision=0)
    answer = ask("rubric_presence", {"tab": "one", "at": "about"}).json()
    assert (answer["revision"], answer["status"]) == (1, "draft")


def test_nobody_is_shown_where_valkey_is_away(
    cast: Cast, beat: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise ValkeyGone

    monkeypatch.setattr(presence, "_valkey", gone)
    assert beat(cast.clinicians[0], "about") == []


# Merging


def test_merge_takes_asks_and_writes_nothing(cast: Cast, draft: RubricVersion, ask: Ask) -> None:
    base = rubric_text()
    mine, theirs = copy.deepcopy(base), copy.deepcopy(base)
    mine["criteria"][0]["description"] = "Mine"
    theirs["criteria"][0] |= {"description": "<b>Theirs</b>", "use_when": "Always."}
    draft_save(version=draft, actor=cast.leads[0], content=theirs, expected_revision=0)
    body = {"base": base, "content": mine, "choices": {}}
    answer = ask("rubric_merge", body).json()
    assert (answer["conflicts"], answer["undecided"], answer["revision"]) == (1, 1, 1)
    assert [(t["what"], t["side"]) for t in answer["taken"]] == [("When to use it", "theirs")]
    assert "&lt;b&gt;Theirs&lt;/b&gt;" in html_of(answer["html"])
    body["choices"] = {"warmth/description/": "mine"}
    answer = ask("rubric_merge", body).json()
    assert answer["undecided"] == 0
    assert answer["content"]["criteria"][0]["description"] == "Mine"
    assert answer["content"]["criteria"][0]["use_when"] == "Always."
    draft.refresh_from_db()
    assert (draft.draft, draft.revision) == (theirs, 1)


# The example


def test_example_is_the_formula_s_total_with_its_gate(ask: Ask) -> None:
    text = rubric_text(criterion("a", weight=3.0), criterion("b", gate=2))
    answer = ask("rubric_example", {"content": text, "levels": {"a": 3, "b": 3}}).json()
    assert answer["total"] == "1.00" and answer["steps"] == {}
    answer = ask("rubric_example", {"content": text, "levels": {"a": 3, "b": 1}}).json()
    assert answer["total"] == "0.00"
    assert "B is below its gate of 2, so the total is 0." in html_of(answer["html"])
    assert "it would be 0.75" in html_of(answer["html"])
    answer = ask("rubric_example", {"content": text, "levels": {"a": 1}}).json()
    assert answer["steps"] == {"a": "+0.38", "b": "+0.12"}


@pytest.mark.parametrize("levels", [{"a": 99}, {"gone": 1}, {}])
def test_example_of_levels_that_are_not_there_takes_the_middle(ask: Ask, levels: Any) -> None:
    text = rubric_text(criterion("a"))
    assert ask("rubric_example", {"content": text, "levels": levels}).json()["total"] == "0.50"


def test_example_of_a_text_without_a_total_says_so(ask: Ask) -> None:
    text = rubric_text(criterion("a", weight=0.0))
    answer = ask("rubric_example", {"content": text, "levels": {}}).json()
    assert answer["total"] == "–" and "There is no total yet" in html_of(answer["html"])


# The preview


def test_preview_is_what_raters_read_and_can_do_no_harm(ask: Ask) -> None:
    html = html_of(ask("rubric_preview", {"text": "**Read** <script>x</script>"}))
    assert "<strong>Read</strong>" in html and "<script>" not in html


BAD = [
    ("rubric_preview", "no JSON"),
    ("rubric_preview", {"text": 5}),
    ("rubric_preview", {"text": "x" * 20_001}),
    ("rubric_example", {"content": {}, "levels": {}}),
    ("rubric_example", {"content": rubric_text(), "levels": {"warmth": "3"}}),
    ("rubric_example", {"content": rubric_text(), "levels": []}),
    ("rubric_merge", {"base": None, "content": rubric_text()}),
    ("rubric_merge", {"base": [], "content": rubric_text(), "choices": {}}),
    ("rubric_merge", {"base": None, "content": rubric_text(), "choices": {"a": "ours"}}),
    ("rubric_merge", {"base": None, "content": rubric_text(), "choices": {"a": []}}),
    ("rubric_merge", {"base": None, "content": rubric_text(), "choices": {"a": {"text": 5}}}),
    ("rubric_merge", {"base": None, "content": rubric_text(), "choices": []}),
    ("rubric_presence", {"tab": "t" * 65, "at": "about"}),
    ("rubric_presence", {"tab": "one", "at": 5}),
    ("rubric_presence", "[" * 100_000),
]


@pytest.mark.parametrize(("name", "body"), BAD)
def test_what_makes_no_sense_is_refused_with_a_reason(ask: Ask, name: str, body: object) -> None:
    answer = ask(name, body)
    assert answer.status_code == 400 and answer.json()["detail"]


# Findings


def test_a_save_brings_back_what_the_lint_found(
    cast: Cast, draft: RubricVersion, client: Client
) -> None:
    client.force_login(cast.clinicians[0])
    text = rubric_text(criterion("warmth", name="", description="Is it <b>adequate</b>?"))
    answer = client.post(
        reverse("rubric_draft_save", args=[cast.project.pk, draft.pk]),
        json.dumps({"content": text, "expected_revision": 0}),
        content_type="application/json",
    ).json()
    assert 'data-severity="error" data-path="criteria[0].name"' in html_of(answer["state"])
    assert "“adequate” is vague. Raters may read it in different ways." in html_of(answer["state"])


def test_a_large_draft_costs_as_many_queries_as_a_small_one(
    cast: Cast, draft: RubricVersion, ask: Ask, django_assert_max_num_queries: Any
) -> None:
    body = {"base": None, "content": rubric_text(), "choices": {}}
    # Signing in is counted too.
    with django_assert_max_num_queries(30) as small:
        ask("rubric_merge", body)
    draft_save(version=draft, actor=cast.leads[0], content=large_text(60), expected_revision=0)
    with django_assert_max_num_queries(len(small)):
        ask("rubric_merge", {**body, "content": large_text(60)})


def test_api_finds_merges_and_scores_as_the_pages_do(cast: Cast, draft: RubricVersion) -> None:
    client = Client()
    client.force_login(cast.clinicians[0])
    version = f"/api/projects/{cast.project.pk}/rubric-versions/{draft.pk}/"
    found = client.get(f"{version}findings/").json()["findings"]
    assert [(f["severity"], f["path"]) for f in found] == [("warning", "criteria[0].exemplars")]
    mine = rubric_text(title="Mine")
    body = {"base": None, "content": mine, "choices": {"/title/": "mine"}}
    merged = client.post(f"{version}merge/", json.dumps(body), content_type="application/json")
    assert merged.json()["undecided"] == 0 and merged.json()["content"] == mine
    example = {"content": mine, "levels": {"warmth": 3}}
    scored = client.post(
        f"/api/projects/{cast.project.pk}/rubrics/example/",
        json.dumps(example),
        content_type="application/json",
    )
    assert scored.json() == {"total": 1.0, "without_gates": 1.0, "closed": []}
