"""The API does what the pages do, by the same rules."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rubrics.models import Rubric, RubricVersion
from rubrics.versions.services import freeze_spec, version_publish
from rubrics.writing.services import draft_open, draft_save, rubric_create
from tests.conftest import Cast
from tests.support.rubric_texts import criterion, rubric_text
from webapp.accounts.models import User
from webapp.accounts.tokens import create_token


class Api:
    """A person's requests to one project."""

    def __init__(self, client: Client, cast: Cast) -> None:
        self.client, self.project = client, cast.project

    def as_user(self, user: User) -> "Api":
        self.client.force_login(user)
        return self

    def url(self, name: str, **kwargs: Any) -> str:
        return reverse(name, kwargs={"project_id": self.project.pk, **kwargs})

    def get(self, name: str, query: dict[str, str] | None = None, **kwargs: Any) -> Any:
        return self.client.get(self.url(name, **kwargs), query)

    def send(self, name: str, body: object = None, method: str = "post", **kwargs: Any) -> Any:
        data = json.dumps(body) if body is not None else ""
        return getattr(self.client, method)(
            self.url(name, **kwargs), data, content_type="application/json"
        )

    def save(self, version: RubricVersion, content: object, revision: int) -> Any:
        body = {"content": content, "expected_revision": revision}
        return self.send("api_rubric_version_save", body, "put", id=version.pk)


@pytest.fixture
def api(client: Client, cast: Cast) -> Api:
    return Api(client, cast)


def test_write_review_and_publish_by_script(api: Api, cast: Cast) -> None:
    api.as_user(cast.clinicians[0])
    made = api.send("api_rubric_list", {"name": "Warmth"})
    assert made.status_code == 201
    (version,) = made.json()["versions"]
    assert (version["status"], version["revision"], version["spec"]) == ("draft", 0, None)
    row = RubricVersion.objects.get()
    saved = api.save(row, rubric_text(), 0)
    assert (saved.status_code, saved.json()["revision"]) == (200, 1)
    refused = api.send("api_rubric_version_publish", {}, id=row.pk)
    assert (refused.status_code, refused.json()["code"]) == (409, "needs_approval")
    seen = {"expected_revision": 1}
    assert api.send("api_rubric_version_send_for_review", seen, id=row.pk).status_code == 200
    api.as_user(cast.leads[0])
    assert api.send("api_rubric_version_approve", id=row.pk).json()["approved_by"]
    done = api.send("api_rubric_version_publish", {"change_note": "First."}, id=row.pk).json()
    assert (done["status"], done["change_note"]) == ("published", "First.")
    spec = api.as_user(cast.annotators[0]).get("api_spec_retrieve", hash=done["spec"]).json()
    assert spec["content"] == done["content"] == rubric_text()


def test_stale_save_is_a_409_problem(api: Api, cast: Cast, draft: RubricVersion) -> None:
    draft_save(
        version=draft, actor=cast.leads[0], content=rubric_text(title="T"), expected_revision=0
    )
    reply = api.as_user(cast.clinicians[0]).save(draft, rubric_text(title="Mine"), 0)
    assert (reply.status_code, reply.json()["code"]) == (409, "stale")
    assert reply["Content-Type"] == "application/problem+json"
    draft.refresh_from_db()
    assert draft.draft["title"] == "T"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"content": null, "expected_revision": 0}',
        b'{"content": {}, "expected_revision": -1}',
        b'{"content": {}, "expected_revision": 99999999999999999999}',
        b'{"content": {"spec_format": 1, "title": "a\\u0000"}, "expected_revision": 0}',
        b'{"content": {"spec_format": 1, "title": "\\ud800"}, "expected_revision": 0}',
        b'{"content": {"spec_format": 1, "title": "x", "id": 1}, "expected_revision": 0}',
        b'{"content": NaN, "expected_revision": 0}',
    ],
)
def test_malformed_save_is_a_400_problem(
    api: Api, cast: Cast, draft: RubricVersion, body: bytes
) -> None:
    api.as_user(cast.clinicians[0])
    address = api.url("api_rubric_version_save", id=draft.pk)
    reply = api.client.put(address, body, content_type="application/json")
    assert reply.status_code == 400, reply.text
    draft.refresh_from_db()
    assert (draft.draft, draft.revision) == (rubric_text(), 0)


def test_body_beyond_the_limit_is_refused_unread(
    api: Api, cast: Cast, draft: RubricVersion, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    _, token = create_token(user=cast.clinicians[0], name="Script", scope="write")
    reply = api.client.put(
        api.url("api_rubric_version_save", id=draft.pk),
        json.dumps({"content": rubric_text(title="t" * 2000), "expected_revision": 0}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert reply.status_code == 413


def test_fields_beyond_the_text_are_not_taken(api: Api, cast: Cast, draft: RubricVersion) -> None:
    """Neither owner nor status can be set through a body."""
    api.as_user(cast.clinicians[0])
    body = {
        "content": rubric_text(title="Mine"),
        "expected_revision": 0,
        "status": "published",
        "author": str(cast.stranger.pk),
        "project": str(cast.other_project.pk),
    }
    assert api.send("api_rubric_version_save", body, "put", id=draft.pk).status_code == 200
    draft.refresh_from_db()
    assert (draft.status, draft.author, draft.project) == (
        "draft",
        cast.clinicians[0],
        cast.project,
    )


def test_annotator_reads_what_is_published(api: Api, cast: Cast, published: RubricVersion) -> None:
    draft = draft_open(rubric=published.rubric, actor=cast.clinicians[0])
    rubric_create(project=cast.project, actor=cast.clinicians[0], name="Only a draft")
    only_judged = freeze_spec(project=cast.project, content=rubric_text(title="A draft's"))
    api.as_user(cast.annotators[0])
    (shown,) = api.get("api_rubric_list").json()["results"]
    assert [version["number"] for version in shown["versions"]] == [1]
    listed = api.get("api_rubric_version_list", id=published.rubric_id).json()["results"]
    assert [version["number"] for version in listed] == [1]
    assert api.get("api_rubric_version_retrieve", id=draft.pk).status_code == 404
    assert api.get("api_spec_retrieve", hash=only_judged.hash).status_code == 404
    assert api.get("api_spec_retrieve", hash=published.spec.hash).status_code == 200
    assert api.save(draft, rubric_text(), 0).status_code == 403
    assert api.send("api_rubric_list", {"name": "Mine"}).status_code == 403
    api.as_user(cast.leads[0])
    assert api.get("api_spec_retrieve", hash=only_judged.hash).status_code == 200


POSTS = ("approve", "archive", "publish", "send_for_review", "withdraw")


@pytest.mark.parametrize("who", ["outsider", "stranger", "admin"])
def test_strangers_find_nothing(api: Api, cast: Cast, published: RubricVersion, who: str) -> None:
    api.as_user(getattr(cast, who))
    assert api.get("api_rubric_list").status_code == 404
    assert api.get("api_rubric_retrieve", id=published.rubric_id).status_code == 404
    assert api.get("api_spec_retrieve", hash=published.spec.hash).status_code == 404
    for action in POSTS:
        assert api.send(f"api_rubric_version_{action}", id=published.pk).status_code == 404


def test_ids_of_another_project_are_not_found(
    api: Api, cast: Cast, published: RubricVersion
) -> None:
    api.as_user(cast.stranger)
    api.project = cast.other_project
    assert api.get("api_rubric_retrieve", id=published.rubric_id).status_code == 404
    assert api.get("api_rubric_version_retrieve", id=published.pk).status_code == 404
    assert api.get("api_spec_retrieve", hash=published.spec.hash).status_code == 404
    assert api.send("api_rubric_version_list", id=published.rubric_id).status_code == 404
    for action in POSTS:
        assert api.send(f"api_rubric_version_{action}", id=published.pk).status_code == 404


def test_filters_are_an_allow_list(api: Api, cast: Cast, rubric: Rubric) -> None:
    api.as_user(cast.clinicians[0])
    rubric_create(project=cast.project, actor=cast.clinicians[0], name="Calm")
    names = [r["name"] for r in api.get("api_rubric_list", {"name": "warm"}).json()["results"]]
    assert names == ["Warmth"]
    # An unknown filter changes nothing, so it can't be used to guess at related rows.
    found = api.get("api_rubric_list", {"created_by__password__startswith": "zzz"})
    assert len(found.json()["results"]) == 2
    published = {"status": "published"}
    assert api.get("api_rubric_version_list", published, id=rubric.pk).json()["results"] == []
    wrong = api.get("api_rubric_version_list", {"status": "secret"}, id=rubric.pk)
    assert wrong.status_code == 400


def test_new_draft_and_archive(api: Api, cast: Cast, published: RubricVersion) -> None:
    api.as_user(cast.leads[0])
    made = api.send("api_rubric_version_list", id=published.rubric_id)
    assert (made.status_code, made.json()["number"]) == (201, 2)
    again = api.send("api_rubric_version_list", id=published.rubric_id)
    assert (again.status_code, again.json()["code"]) == (409, "draft_exists")
    archived = api.send("api_rubric_version_archive", id=published.pk).json()
    assert archived["status"] == "archived"


def test_lists_cost_the_same_for_two_and_twenty(
    api: Api, cast: Cast, rubric: Rubric, django_assert_max_num_queries: Any
) -> None:
    cast.project.needs_approval = False
    cast.project.save()
    author = cast.clinicians[0]
    api.as_user(author).get("api_rubric_list")

    def cost(name: str, **kwargs: Any) -> int:
        with django_assert_max_num_queries(12) as captured:
            assert api.get(name, **kwargs).status_code == 200
        return len(captured)

    def add(count: int) -> None:
        for n in range(count):
            text = rubric_text(criterion("warmth"), title=f"R{n}")
            rubric_create(project=cast.project, actor=author, name=f"R{n}", content=text)
            open_one = rubric.versions.filter(status="draft").first()
            version = open_one or draft_open(rubric=rubric, actor=author)
            version_publish(version=version, actor=author)

    add(2)
    few = cost("api_rubric_list"), cost("api_rubric_version_list", id=rubric.pk)
    add(18)
    assert (cost("api_rubric_list"), cost("api_rubric_version_list", id=rubric.pk)) == few
