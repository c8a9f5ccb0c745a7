"""Proposals that are changed and taken over, by the page and by the API."""

import copy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Suggestion
from rubrics.core.drafts import MAX_LABEL, MAX_NAME, MAX_TEXT
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.impact import draft_of
from tests.support.objects import Setting
from tests.support.run_rows import suggestion_run
from tests.support.stored import stored
from webapp.limits import REVISION

pytestmark = pytest.mark.django_db

CONTENT = {
    "name": "Pace",
    "description": "Does the reply give time?",
    "levels": [
        {"value": 1, "label": "Rushed", "anchor": "Three questions in a row."},
        {"value": 2, "label": "Calm", "anchor": "One question at most."},
    ],
}


@pytest.fixture
def draft(cast: Cast) -> RubricVersion:
    return draft_of(cast)


@pytest.fixture
def writer(cast: Cast, client: Client) -> Client:
    client.force_login(cast.clinicians[0])
    return client


def proposal(cast: Cast, draft: RubricVersion) -> Suggestion:
    """A new criterion, proposed for the draft."""
    run = suggestion_run(Setting(cast.project, cast.clinicians[0]))
    return Suggestion.objects.create(
        project=cast.project,
        run=run,
        version=draft,
        position=0,
        kind="criterion",
        uid="pace",
        content=CONTENT,
    )


def changed(**words: str) -> dict[str, Any]:
    """The proposal with other words; label and anchor are those of the first level."""
    content = copy.deepcopy(CONTENT)
    for name, text in words.items():
        (content if name in content else content["levels"][0])[name] = text  # type: ignore[index]
    return content


def by_page(client: Client, row: Suggestion, content: dict[str, Any], revision: int = 0) -> Any:
    levels = {
        f"{name}_{level['value']}": level[name]
        for level in content["levels"]
        for name in ("label", "anchor")
    }
    fields = {"name": content["name"], "description": content["description"], **levels}
    url = reverse("suggestion_accept", args=[row.project_id, row.pk])
    return client.post(url, fields | {"expected_revision": revision}, follow=True)


def by_api(client: Client, row: Suggestion, content: dict[str, Any], revision: int = 0) -> Any:
    url = reverse("api_suggestion_accept", args=[row.project_id, row.pk])
    body = {"expected_revision": revision, "content": content}
    return client.post(url, body, content_type="application/json")


def words_of(draft: RubricVersion) -> list[dict[str, Any]]:
    """The draft's criteria without the id that each new one gets."""
    draft.refresh_from_db()
    return [
        {name: part for name, part in criterion.items() if name != "meaning_id"}
        for criterion in draft.draft["criteria"]
    ]


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"name": " Pace and rest ", "anchor": "Rushes.\r\nAsks on."},
        {"name": "n" * MAX_NAME, "label": "l" * MAX_LABEL, "description": "d" * MAX_TEXT},
        {"anchor": "a" * MAX_TEXT},
    ],
)
def test_a_proposal_is_taken_over_the_same_way(
    cast: Cast, writer: Client, draft: RubricVersion, words: dict[str, str]
) -> None:
    text = draft.draft
    page = proposal(cast, draft)
    by_page(writer, page, changed(**words))
    on_page = words_of(draft)
    RubricVersion.objects.filter(pk=draft.pk).update(draft=text, revision=0)
    api = proposal(cast, draft)
    assert by_api(writer, api, changed(**words)).status_code == 200
    assert words_of(draft) == on_page and on_page[-1]["uid"] == "pace"
    page.refresh_from_db()
    api.refresh_from_db()
    assert stored(page, "run") == stored(api, "run")
    assert page.state == ("edited" if words else "accepted")


@pytest.mark.parametrize(
    ("name", "most"),
    [("name", MAX_NAME), ("label", MAX_LABEL), ("anchor", MAX_TEXT), ("description", MAX_TEXT)],
)
def test_one_character_more_is_refused(
    cast: Cast, writer: Client, draft: RubricVersion, name: str, most: int
) -> None:
    row = proposal(cast, draft)
    page = by_page(writer, row, changed(**{name: "x" * (most + 1)}))
    assert [str(message)[:13] for message in page.context["messages"]] == ["Not accepted."]
    api = by_api(writer, row, changed(**{name: "x" * (most + 1)}))
    assert api.status_code == 400 and api.json()["detail"]
    row.refresh_from_db()
    assert row.state == "open"


def test_a_revision_that_no_draft_can_have(
    cast: Cast, writer: Client, draft: RubricVersion
) -> None:
    row = proposal(cast, draft)
    page = by_page(writer, row, changed(), REVISION.most + 1)
    assert "Not accepted" in str(next(iter(page.context["messages"])))
    assert by_api(writer, row, changed(), REVISION.most + 1).status_code == 400
