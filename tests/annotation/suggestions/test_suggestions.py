"""Proposals: where they come from, how an answer is read, and that a person decides."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from annotation.models import (
    Item,
    Queue,
    QueueRater,
    Suggestion,
    SuggestionRun,
    SuggestionSource,
    Turn,
)
from annotation.ratings.services import NewScore, rater_for_person, submit_rating
from annotation.ratings.targets import targets_for, text_target
from annotation.suggestions import services as suggesting
from annotation.suggestions import work as suggestion_work
from annotation.suggestions.queries import suggestions_page
from rubrics.core.spec import from_json
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.impact import draft_of, one_turn, reworded, written
from tests.support.judge_runs import snapshot
from tests.support.pages import html_of
from tests.support.servers import Stub, answer, never, refusal, serve
from tests.support.suggestions import ANCHOR, BROKEN, CRITERION, GOOD, changed
from tests.support.waiting import LOOK_EVERY_S, wait_until
from webapp.audit.models import Entry
from webapp.errors import Refused, Stale
from webapp.ids import new_id
from webapp.llm.clients import open_client
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import work as run_work


@pytest.fixture
def script() -> Stub:
    return Stub(lambda body, count: answer(json.dumps(GOOD)))


@pytest.fixture
def voice(cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(
        suggestion_work, "open_client", partial(open_client, retries=0, cooldown_s=0.05)
    )
    with serve(script.app) as url:
        yield endpoint(cast, url)


def differing(cast: Cast) -> tuple[RubricVersion, Turn]:
    """A draft whose published version two people rated differently."""
    turn = one_turn(cast, "That sounds hard.")
    draft = draft_of(cast)
    published = RubricVersion.objects.get(rubric=draft.rubric, number=1)
    target = targets_for(project=cast.project, turns=[turn.pk])[0]
    for user, warmth in zip(cast.annotators[:2], (1.0, 3.0), strict=True):
        submit_rating(
            target=target,
            spec=published.spec,  # type: ignore[arg-type]
            rater=rater_for_person(project=cast.project, user=user),
            purpose="desk",
            scores=[NewScore("warmth", warmth), NewScore("asks", 0.0)],
        )
    return draft, turn


def asked(cast: Cast, draft: RubricVersion, voice: Endpoint) -> SuggestionRun:
    run = suggesting.suggest_start(
        version=draft,
        member=cast.member(cast.clinicians[0]),
        key=new_id().hex,
        endpoint=voice,
    )
    suggestion_work.work(str(run.pk))
    run.refresh_from_db()
    return run


def accept(cast: Cast, suggestion: Suggestion, **fields: Any) -> Suggestion:
    revision = RubricVersion.objects.get(pk=suggestion.version_id).revision
    given = {"actor": cast.clinicians[0], "expected_revision": revision} | fields
    return suggesting.suggestion_accept(suggestion=suggestion, **given)


@pytest.mark.django_db(transaction=True)
def test_proposals_come_from_where_people_differ_and_change_nothing(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    draft, turn = differing(cast)
    before = RubricVersion.objects.get(pk=draft.pk).draft
    run = asked(cast, draft, voice)
    assert (run.status, run.error) == ("succeeded", "")
    source = SuggestionSource.objects.get()
    assert source.target.turn == turn and source.criterion_uid == "warmth"
    assert sorted(source.people) == [1.0, 3.0]
    assert turn.text in script.bodies[0]["messages"][1]["content"]
    assert list(run.suggestions.values_list("kind", "state")) == [
        ("anchor", "open"),
        ("criterion", "open"),
    ]
    assert RubricVersion.objects.get(pk=draft.pk).draft == before
    call = ModelCall.objects.get()
    assert call.purpose == "proposal" and call.run_id == run.pk


@pytest.mark.django_db(transaction=True)
def test_an_error_quotes_no_text_and_names_what_the_server_lacks(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    """Whoever may open the run reads its error, also who must still rate the texts in it."""
    draft, turn = differing(cast)
    script.reply = lambda body, count: refusal(400, f"I won't read: {turn.text}")
    run = asked(cast, draft, voice)
    assert run.status == "failed" and "the server refused this request." in run.error
    assert turn.text not in run.error
    assert all(turn.text in call.error for call in ModelCall.objects.all())
    script.reply = lambda body, count: refusal(401, "The key is wrong.")
    assert "The key is wrong." in asked(cast, draft, voice).error


@pytest.mark.django_db(transaction=True)
def test_a_stop_is_heard_while_the_model_thinks(
    cast: Cast,
    script: Stub,
    voice: Endpoint,
    settings: Any,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It looks often whether it should stop.
    settings.RUN_LEASE_S = 0.4
    monkeypatch.setattr(run_work, "CHECK_S", LOOK_EVERY_S)
    draft, _ = differing(cast)
    client.force_login(cast.clinicians[1])
    answered: list[int] = []

    def stop() -> None:
        run = SuggestionRun.objects.get()
        assert "run-stop" in page_of(cast, draft)
        path = reverse("run_cancel", args=[cast.project.pk, run.pk])
        answered.append(client.post(path).status_code)
        connection.close()

    async def think(body: dict[str, Any], n: int) -> Any:
        await asyncio.to_thread(stop)
        return await never()

    script.reply = think
    assert asked(cast, draft, voice).status == "cancelled"
    wait_until(lambda: answered, "the answer to whoever stopped it")
    assert answered == [302]
    assert not Suggestion.objects.exists()
    assert "run-stop" not in page_of(cast, draft)


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_can_not_be_read_is_a_recorded_error(
    cast: Cast, script: Stub, voice: Endpoint
) -> None:
    draft, _ = differing(cast)
    for reply in (answer("Level 2!"), answer(BROKEN["more than asked"]), refusal(401, "no")):
        script.reply = lambda body, count, reply=reply: reply
        run = asked(cast, draft, voice)
        assert run.status == "failed" and run.error
        assert not Suggestion.objects.exists()
    assert ModelCall.objects.exclude(error="").count() == 3
    page = page_of(cast, draft)
    assert "The model made no proposals." in page and "The draft did not change." in page


@pytest.mark.django_db(transaction=True)
def test_accepting_writes_the_one_anchor(cast: Cast, voice: Endpoint) -> None:
    draft, _ = differing(cast)
    anchor, criterion = asked(cast, draft, voice).suggestions.all()
    assert accept(cast, anchor).state == "accepted"
    spec = from_json(RubricVersion.objects.get(pk=draft.pk).draft)
    warmth = spec.criteria[1]
    assert [level.anchor for level in warmth.levels] == [
        "Waves the feeling off.",
        ANCHOR["anchor"],
        "Names the feeling.",
    ]
    edited = {**CRITERION, "name": "Tempo"}
    edited = {key: edited[key] for key in ("name", "description", "levels")}
    assert accept(cast, criterion, edited=edited).state == "edited"
    spec = from_json(RubricVersion.objects.get(pk=draft.pk).draft)
    assert spec.criteria[-1].name == "Tempo" and len(spec.criteria[-1].levels) == 2
    assert RubricVersion.objects.get(pk=draft.pk).saved_by == cast.clinicians[0]
    kept = Suggestion.objects.get(pk=criterion.pk)
    assert kept.content["name"] == "Pace" and kept.edited["name"] == "Tempo"
    assert Entry.objects.filter(action="suggestion.edited").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_the_second_is_told(cast: Cast, voice: Endpoint) -> None:
    draft, _ = differing(cast)
    anchor = asked(cast, draft, voice).suggestions.first()
    suggesting.suggestion_reject(suggestion=anchor, actor=cast.clinicians[1])
    with pytest.raises(Refused, match="Carl Clinician has already decided"):
        accept(cast, anchor)
    assert RubricVersion.objects.get(pk=draft.pk).revision == 0


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_moved_on_is_not_written_over(cast: Cast, voice: Endpoint) -> None:
    draft, _ = differing(cast)
    anchor = asked(cast, draft, voice).suggestions.first()
    reworded(cast, draft)
    with pytest.raises(Stale, match="saved this draft after you opened it"):
        accept(cast, anchor, actor=cast.clinicians[1], expected_revision=0)
    anchor.refresh_from_db()
    assert anchor.state == "open"
    assert accept(cast, anchor).state == "accepted"


@pytest.mark.django_db(transaction=True)
def test_a_place_that_is_gone_and_a_form_that_is_none(cast: Cast, voice: Endpoint) -> None:
    draft, _ = differing(cast)
    anchor = asked(cast, draft, voice).suggestions.first()
    for edited in ({}, {"anchor": 3}, {"anchor": ""}, {"anchor": "x", "level": 1}, "x"):
        with pytest.raises(Refused, match="proposal’s fields and levels"):
            accept(cast, anchor, edited=edited)
    spec = from_json(draft.draft)
    written(cast, draft, replace(spec, criteria=(spec.criteria[0], spec.criteria[2])))
    with pytest.raises(Refused, match="no longer has the level"):
        accept(cast, anchor)
    assert "The draft no longer has this level." in page_of(cast, draft)


@pytest.mark.django_db(transaction=True)
def test_nobody_differs_and_no_model_is_there(cast: Cast, voice: Endpoint) -> None:
    draft = draft_of(cast)
    with pytest.raises(Refused, match="nothing to learn"):
        asked(cast, draft, voice)
    assert "No disagreements yet" in page_of(cast, draft)
    Endpoint.objects.filter(pk=voice.pk).update(archived_at="2026-01-01T00:00:00Z")
    assert "No model to ask" in page_of(cast, draft)


@pytest.mark.django_db(transaction=True)
def test_one_run_of_a_draft_at_a_time(cast: Cast, voice: Endpoint) -> None:
    draft, _ = differing(cast)
    member = cast.member(cast.clinicians[0])
    first, again = (
        suggesting.suggest_start(version=draft, member=member, key="one", endpoint=voice)
        for _ in range(2)
    )
    assert first == again
    with pytest.raises(Refused, match="already working on this draft"):
        suggesting.suggest_start(version=draft, member=member, key="two", endpoint=voice)
    # A worker that comes twice asks once.
    suggestion_work.work(str(first.pk))
    suggestion_work.work(str(first.pk))
    assert ModelCall.objects.count() == 1 and Suggestion.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_whoever_still_rates_a_text_sees_neither_it_nor_the_reason(
    cast: Cast, voice: Endpoint
) -> None:
    draft, turn = differing(cast)
    asked(cast, draft, voice)
    queue = Queue.objects.create(
        project=cast.project,
        number=1,
        name="Q",
        version=RubricVersion.objects.get(rubric=draft.rubric, number=1),
        snapshot=snapshot(cast),
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=cast.clinicians[0])
    target = targets_for(project=cast.project, turns=[turn.pk])[0]
    Item.objects.create(project=cast.project, queue=queue, position=0, target=target)
    page = page_of(cast, draft)
    assert "You still have to rate one of these texts" in page
    assert "in two ways" not in page and turn.text not in page
    shown = suggestions_page(draft, cast.member(cast.clinicians[1]))
    assert shown["open"][0].sources and shown["open"][0].reason


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pasted", [False, True])
def test_a_reason_waits_for_every_text_that_the_model_was_shown(
    cast: Cast, voice: Endpoint, pasted: bool
) -> None:
    """What it says of one text can tell the scores of another, and of a copy of it."""
    draft, _ = differing(cast)
    run = asked(cast, draft, voice)
    other = targets_for(project=cast.project, turns=[one_turn(cast, "Get over it.", 901).pk])[0]
    copy = text_target(
        project=cast.project, profile="", situation="", history=[], raw="Get over it."
    )
    SuggestionSource.objects.create(
        project=cast.project, run=run, position=1, target=copy if pasted else other,
        criterion_uid="warmth",
        people=[1.0, 3.0], others=[],
    )  # fmt: skip
    queue = Queue.objects.create(
        project=cast.project,
        number=1,
        name="Q",
        version=RubricVersion.objects.get(rubric=draft.rubric, number=1),
        snapshot=snapshot(cast),
    )
    QueueRater.objects.create(project=cast.project, queue=queue, user=cast.clinicians[0])
    Item.objects.create(project=cast.project, queue=queue, position=0, target=other)
    assert "in two ways" not in page_of(cast, draft)


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_markup_as_words(cast: Cast, script: Stub, voice: Endpoint) -> None:
    draft, _ = differing(cast)
    evil = changed(ANCHOR, anchor="<script>alert(1)</script>", reason="<img src=x onerror=y>")
    script.reply = lambda body, count: answer(json.dumps({"anchors": [evil], "criteria": []}))
    asked(cast, draft, voice)
    page = page_of(cast, draft)
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;img src=x" in page and "<del>" in page


@pytest.mark.django_db(transaction=True)
def test_deciding_on_the_page(cast: Cast, voice: Endpoint) -> None:
    draft, _ = differing(cast)
    anchor, criterion = asked(cast, draft, voice).suggestions.all()
    client = client_of(cast)
    page = f"/p/{cast.project.pk}/rubrics/versions/{draft.pk}/suggestions/"
    base = f"/p/{cast.project.pk}/rubrics/suggestions"
    fields = {"expected_revision": 0, "anchor": "Mine."}
    assert client.post(f"{base}/{anchor.pk}/accept/", fields).status_code == 302
    shown = html_of(client.get(page))
    assert "The proposal is now in the draft." in shown and "Accepted with changes" in shown
    fields = {
        "expected_revision": 0,
        "name": "Pace",
        "description": CRITERION["description"],
        **{f"label_{level['value']}": level["label"] for level in CRITERION["levels"]},
        **{f"anchor_{level['value']}": level["anchor"] for level in CRITERION["levels"]},
    }
    # The revision that the person saw is one behind.
    client.post(f"{base}/{criterion.pk}/accept/", fields)
    criterion.refresh_from_db()
    assert criterion.state == "open"
    assert "saved this draft after you opened it" in html_of(client.get(page))
    client.post(f"{base}/{criterion.pk}/accept/", fields | {"expected_revision": 1})
    criterion.refresh_from_db()
    assert criterion.state == "accepted"


def client_of(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.clinicians[0])
    return client


def page_of(cast: Cast, draft: RubricVersion) -> str:
    url = f"/p/{cast.project.pk}/rubrics/versions/{draft.pk}/suggestions/"
    found = client_of(cast).get(url)
    assert found.status_code == 200
    return html_of(found)
