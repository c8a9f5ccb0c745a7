"""Previews and tries by the page and by the API: one set of limits and defaults."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.impact.limits import MAX_HISTORY, MAX_PASTED, MAX_TRIED, SIZE
from annotation.impact.services import Pasted
from annotation.models import ImpactRun, PlaygroundRun
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.impact import draft_of, everything, previewed, tried
from tests.support.judge_runs import llm_judge, texts
from tests.support.pages import html_of
from tests.support.stored import api_error, as_shown, page_error, stored
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.limits import SEED
from webapp.runs.models import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast: Cast) -> RubricVersion:
    texts(cast, 6)
    return draft_of(cast)


@pytest.fixture
def judge(cast: Cast) -> Judge:
    return llm_judge(cast, endpoint(cast, "http://127.0.0.1:9/v1"))


@pytest.fixture
def writer(cast: Cast, client: Client) -> Client:
    client.force_login(cast.clinicians[0])
    return client


def previewed_by_page(client: Client, draft: RubricVersion, given: dict[str, Any]) -> Any:
    url = reverse("impact", args=[draft.project_id, draft.pk])
    return client.post(url, as_shown(client.get(url)) | given)


def previewed_by_api(client: Client, draft: RubricVersion, given: dict[str, Any]) -> Any:
    url = reverse("api_impact_list", args=[draft.project_id])
    return client.post(url, {"version": str(draft.pk)} | given, content_type="application/json")


@pytest.mark.parametrize("given", [{}, {"size": 2, "seed": 9}, {"size": 500, "seed": SEED.most}])
def test_a_preview_is_stored_the_same_way(
    cast: Cast, writer: Client, draft: RubricVersion, judge: Judge, given: dict[str, Any]
) -> None:
    given = {"judge": str(judge.pk), "sample": f"set:{everything(cast).pk}"} | given
    assert previewed_by_page(writer, draft, given).status_code == 302
    assert previewed_by_api(writer, draft, given).status_code == 201
    page, api = ImpactRun.objects.order_by("number")
    assert stored(page) == stored(api)
    assert [stored(item, "run") for item in page.items.all()] == [
        stored(item, "run") for item in api.items.all()
    ]


@pytest.mark.parametrize(("name", "bounds"), [("size", SIZE), ("seed", SEED)])
def test_the_largest_preview_is_taken_and_one_more_is_not(
    cast: Cast, writer: Client, draft: RubricVersion, judge: Judge, name: str, bounds: Any
) -> None:
    sample = f"set:{everything(cast).pk}"
    given = {"judge": str(judge.pk), "sample": sample}
    for value, is_taken in ((bounds.most, True), (bounds.most + 1, False)):
        page = page_error(previewed_by_page(writer, draft, given | {name: value}), name)
        api = api_error(previewed_by_api(writer, draft, given | {name: value}), name)
        assert (page == "", api == "") == (is_taken, is_taken), (page, api)
    with pytest.raises(Refused) as refusal:
        previewed(cast, draft, judge, sample, **{name: bounds.most + 1})
    assert (refusal.value.code, str(refusal.value)) == (name, str(bounds))


def tried_by_page(client: Client, draft: RubricVersion, judge: Judge, pasted: Pasted) -> Any:
    url = reverse("playground", args=[draft.project_id, draft.pk])
    fields = {
        "key": new_id().hex,
        "judge": judge.pk,
        "text": pasted.raw,
        "situation": pasted.situation,
        "history": "\n".join(f"{turn['role']}: {turn['text']}" for turn in pasted.history),
    }
    return client.post(url, fields)


def tried_by_api(client: Client, draft: RubricVersion, judge: Judge, pasted: Pasted) -> Any:
    url = reverse("api_playground_start", args=[draft.project_id, draft.pk])
    body = {
        "judge": str(judge.pk),
        "pasted": {
            "raw": pasted.raw,
            "situation": pasted.situation,
            "history": list(pasted.history),
        },
    }
    return client.post(url, body, content_type="application/json")


def said(turns: int, text: str = "Well.") -> list[dict[str, str]]:
    return [
        {"role": "supporter" if place % 2 else "seeker", "text": text} for place in range(turns)
    ]


@pytest.mark.parametrize(
    ("pasted", "is_taken"),
    [
        (Pasted(" A reply. ", situation=" Nights. ", history=said(3)), True),
        (Pasted("r" * MAX_PASTED, situation="s" * MAX_PASTED, history=said(MAX_HISTORY)), True),
        (Pasted("r" * (MAX_PASTED + 1)), False),
        (Pasted("r", situation="s" * (MAX_PASTED + 1)), False),
        (Pasted("r", history=said(MAX_HISTORY + 1)), False),
        (Pasted("r", history=said(2, "s" * (MAX_PASTED // 2 + 1))), False),
    ],
)
def test_a_try_is_taken_or_refused_both_ways(
    writer: Client, draft: RubricVersion, judge: Judge, pasted: Pasted, is_taken: bool
) -> None:
    page = tried_by_page(writer, draft, judge, pasted)
    api = tried_by_api(writer, draft, judge, pasted)
    if is_taken:
        assert (page.status_code, api.status_code) == (200, 201), (html_of(page), api.json())
        first, second = PlaygroundRun.objects.order_by("number")
        assert stored(first) == stored(second)
        assert [item.target_id for item in first.items.all()] == [
            item.target_id for item in second.items.all()
        ]
    else:
        assert page.status_code == 409 and "At most" in html_of(page)
        assert api.status_code in (400, 409)
        assert not PlaygroundRun.objects.exists()


@pytest.mark.parametrize(("count", "is_taken"), [(MAX_TRIED, True), (MAX_TRIED + 1, False)])
def test_how_many_texts_are_tried_at_once(
    cast: Cast, writer: Client, draft: RubricVersion, judge: Judge, count: int, is_taken: bool
) -> None:
    turns = texts(cast, count, first=50)
    ids = [str(turn.pk) for turn in turns]
    url = reverse("playground", args=[draft.project_id, draft.pk])
    page = writer.post(url, {"key": new_id().hex, "judge": judge.pk, "turns": ids})
    assert page.status_code == (200 if is_taken else 409)
    PlaygroundRun.objects.update(status=Status.FAILED)
    url = reverse("api_playground_start", args=[draft.project_id, draft.pk])
    body = {"judge": str(judge.pk), "turns": ids}
    api = writer.post(url, body, content_type="application/json")
    assert api.status_code == (201 if is_taken else 400)
    if not is_taken:
        with pytest.raises(Refused, match="at most 8 texts"):
            tried(cast, draft, judge, turns)
