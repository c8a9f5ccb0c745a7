"""The pages per role: what is shown, what is refused, and that no text becomes markup."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rubrics.models import Rubric, RubricVersion
from rubrics.versions.services import version_archive, version_publish, version_send_for_review
from rubrics.writing.services import draft_open, draft_save, rubric_create
from tests.conftest import Cast
from tests.support.pages import html_of
from tests.support.rubric_texts import criterion, rubric_text
from webapp.accounts.models import User

EVIL = "<script>alert(1)</script></script>"


def url(name: str, row: Rubric | RubricVersion) -> str:
    key = "rubric_id" if isinstance(row, Rubric) else "version_id"
    return reverse(name, kwargs={"project_id": row.project_id, key: row.pk})


def get(client: Client, user: User, address: str) -> Any:
    client.force_login(user)
    return client.get(address, follow=True)


def listing(cast: Cast) -> str:
    return reverse("rubrics", kwargs={"project_id": cast.project.pk})


def save(client: Client, version: RubricVersion, body: object, raw: bytes | None = None) -> Any:
    return client.post(
        url("rubric_draft_save", version),
        data=raw if raw is not None else json.dumps(body),
        content_type="application/json",
    )


def test_empty_list_says_what_is_next(client: Client, cast: Cast) -> None:
    assert "No rubric yet" in html_of(get(client, cast.clinicians[0], listing(cast)))
    page = html_of(get(client, cast.annotators[0], listing(cast)))
    assert "No rubric is published yet" in page and "New rubric" not in page


def test_clinician_begins_a_rubric_and_lands_in_the_editor(client: Client, cast: Cast) -> None:
    client.force_login(cast.clinicians[0])
    address = reverse("rubric_new", kwargs={"project_id": cast.project.pk})
    assert "Start writing" in html_of(client.get(address))
    page = client.post(address, {"name": "Warmth"}, follow=True)
    assert page.redirect_chain[-1][0] == url("rubric_edit", RubricVersion.objects.get())
    assert "Draft 1" in html_of(page)
    assert "This field is required" in html_of(client.post(address, {"name": " "}))


def test_annotator_reads_published_versions_only(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    draft = draft_open(rubric=published.rubric, actor=cast.clinicians[0])
    page = get(client, cast.annotators[0], url("rubric_version", published))
    assert page.status_code == 200 and "One sees warmth 3." in html_of(page)
    assert "New draft" not in html_of(page) and "Archive" not in html_of(page)
    page = html_of(get(client, cast.annotators[0], url("rubric", published.rubric)))
    assert "Version 1" in page and "Version 2" not in page
    assert get(client, cast.annotators[0], url("rubric_version", draft)).status_code == 404
    version_archive(version=published, actor=cast.leads[0])
    assert get(client, cast.annotators[0], url("rubric_version", published)).status_code == 200


def test_a_version_says_what_its_vetoes_cap(client: Client, cast: Cast, rubric: Rubric) -> None:
    version = rubric.versions.get()
    page = html_of(get(client, cast.clinicians[0], url("rubric_edit", version)))
    assert "Encourages harm" in page
    content = rubric_text(criterion("warmth"))
    content["vetoes"] = [{"veto": "copied", "criteria": [], "reason": f"As agreed. {EVIL}"}]
    saved = draft_save(
        version=version,
        actor=cast.clinicians[0],
        content=content,
        expected_revision=version.revision,
    )
    version_send_for_review(version=saved, actor=cast.clinicians[0])
    page = html_of(get(client, cast.clinicians[0], url("rubric_version", version)))
    assert (
        '<dt title="The reply has no word.">No words</dt> '
        "<dd>All criteria get their worst level</dd>" in page
    )
    assert "Off: As agreed. &lt;script&gt;" in page
    assert EVIL not in page


def test_draft_only_rubric_is_not_there_for_annotators(
    client: Client, cast: Cast, rubric: Rubric
) -> None:
    assert "Warmth" not in html_of(get(client, cast.annotators[0], listing(cast)))
    assert get(client, cast.annotators[0], url("rubric", rubric)).status_code == 404


VERSION_POSTS = (
    "rubric_draft_save",
    "rubric_publish",
    "rubric_send_for_review",
    "rubric_withdraw",
    "rubric_approve",
    "rubric_archive",
)


def test_annotators_change_nothing(client: Client, cast: Cast, published: RubricVersion) -> None:
    client.force_login(cast.annotators[0])
    for name in VERSION_POSTS:
        assert client.post(url(name, published)).status_code == 403, name
    assert client.post(url("rubric_new_draft", published.rubric)).status_code == 403
    assert client.get(url("rubric_edit", published)).status_code == 403
    new = reverse("rubric_new", kwargs={"project_id": cast.project.pk})
    assert client.post(new, {"name": "Mine"}).status_code == 403


@pytest.mark.parametrize("who", ["outsider", "stranger", "admin"])
def test_strangers_find_nothing(
    client: Client, cast: Cast, published: RubricVersion, who: str
) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(listing(cast)).status_code == 404
    assert client.get(url("rubric", published.rubric)).status_code == 404
    assert client.get(url("rubric_version", published)).status_code == 404
    for name in VERSION_POSTS:
        assert client.post(url(name, published)).status_code == 404, name


def test_version_of_another_project_is_not_found_inside_the_own_one(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    client.force_login(cast.stranger)
    own = {"project_id": cast.other_project.pk}
    for name in ("rubric_version", "rubric_edit"):
        address = reverse(name, kwargs={**own, "version_id": published.pk})
        assert client.get(address).status_code == 404
    for name in VERSION_POSTS:
        address = reverse(name, kwargs={**own, "version_id": published.pk})
        body = {"content": {}, "expected_revision": 0}
        found = client.post(address, data=body, content_type="application/json")
        assert found.status_code in (400, 404), name
    address = reverse("rubric_new_draft", kwargs={**own, "rubric_id": published.rubric_id})
    assert client.post(address).status_code == 404


def test_read_page_has_levels_total_guidance_and_trace(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    page = html_of(get(client, cast.leads[0], url("rubric_version", published)))
    assert published.spec.hash[:6] in page and published.spec.hash in page
    assert "The weighted mean of the one criterion" in page
    assert "Approved by Carl Clinician" in page and "Label 2" in page


def test_editor_saves_json_and_says_what_is_left(
    client: Client, cast: Cast, draft: RubricVersion
) -> None:
    client.force_login(cast.clinicians[0])
    unnamed = rubric_text(criterion("warmth", name=""))
    reply = save(client, draft, {"content": unnamed, "expected_revision": 0})
    body = reply.json()
    assert (reply.status_code, body["revision"], body["saved_by"]) == (200, 1, "Clara Clinician")
    assert "The criterion has no name." in html_of(body["state"])
    assert "criteria[0].name" in html_of(body["state"])


def test_stale_save_shows_the_other_text(client: Client, cast: Cast, draft: RubricVersion) -> None:
    theirs = rubric_text(title="Theirs")
    draft_save(version=draft, actor=cast.leads[0], content=theirs, expected_revision=0)
    client.force_login(cast.clinicians[0])
    reply = save(client, draft, {"content": rubric_text(title="Mine"), "expected_revision": 0})
    body = reply.json()
    assert (reply.status_code, body["code"]) == (409, "stale")
    assert (body["content"], body["revision"], body["saved_by"]) == (theirs, 1, "Lena Lead")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"content": {}}',
        b'{"content": {}, "expected_revision": "0"}',
        b'{"content": {}, "expected_revision": true}',
        b'{"content": {"title": 5, "spec_format": 1}, "expected_revision": 0}',
        b'{"content": {}, "expected_revision": 0, "status": "published"}',
        b'{"content": {"spec_format": 1, "title": "x", "status": "published"},'
        b' "expected_revision": 0}',
        b"[" * 100_000,
        b'{"content": NaN, "expected_revision": 0}',
        b'{"content": ' + b"9" * 5000 + b', "expected_revision": 0}',
    ],
)
def test_malformed_save_is_refused_and_changes_nothing(
    client: Client, cast: Cast, draft: RubricVersion, raw: bytes
) -> None:
    client.force_login(cast.clinicians[0])
    reply = save(client, draft, None, raw=raw)
    assert reply.status_code == 400 and reply.json()["detail"]
    draft.refresh_from_db()
    assert (draft.draft, draft.revision, draft.status) == (rubric_text(), 0, "draft")


def test_review_approve_publish_through_the_pages(
    client: Client, cast: Cast, draft: RubricVersion
) -> None:
    client.force_login(cast.clinicians[0])
    page = html_of(client.get(url("rubric_edit", draft)))
    assert "Send for review" in page and 'id="publish"' not in page
    seen = {"expected_revision": 0}
    page = html_of(client.post(url("rubric_publish", draft), seen, follow=True))
    assert "Send it for review first" in page
    page = html_of(client.post(url("rubric_send_for_review", draft), seen, follow=True))
    assert "Another clinician or lead must review this text" in page
    assert "Approve version 1" not in page
    client.force_login(cast.leads[0])
    page = html_of(client.get(url("rubric_version", draft)))
    assert "Approve version 1" in page and "Publish version 1" not in page
    page = html_of(client.post(url("rubric_approve", draft), seen, follow=True))
    # To take it back ends the approval, which is asked about first.
    assert 'data-open="withdraw"' in page and "will no longer count" in page
    assert "Publish version 1" in page
    page = client.post(url("rubric_publish", draft), {**seen, "change_note": "First."}, follow=True)
    assert "Version 1 is published." in html_of(page) and "First." in html_of(page)


def test_publishing_what_was_not_seen_is_refused_in_words(
    client: Client, cast: Cast, draft: RubricVersion
) -> None:
    cast.project.needs_approval = False
    cast.project.save()
    other = rubric_text(title="Later")
    draft_save(version=draft, actor=cast.leads[0], content=other, expected_revision=0)
    client.force_login(cast.clinicians[0])
    page = html_of(client.post(url("rubric_publish", draft), {"expected_revision": 0}, follow=True))
    assert "Lena Lead changed the draft after you saw it." in page
    assert client.post(url("rubric_publish", draft), {}).status_code == 400


def test_new_draft_from_the_page_and_only_one(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    client.force_login(cast.clinicians[0])
    page = html_of(client.post(url("rubric_new_draft", published.rubric), follow=True))
    assert "Draft 2" in page and "Since version 1" in page
    page = html_of(client.post(url("rubric_new_draft", published.rubric), follow=True))
    assert "Version 2 is not published yet" in page


def evil_text() -> dict[str, Any]:
    text = rubric_text(
        criterion(EVIL, name=EVIL, description=EVIL, use_when=EVIL), title=f"Warmth {EVIL}"
    )
    text.update(purpose=EVIL, guidance=f"{EVIL}\n\n[a](javascript:alert(1)) ![i](http://x/y.png)")
    text["criteria"][0]["exemplars"] = [{"text": EVIL, "level": 1, "context": EVIL}]
    return text


def test_no_text_becomes_markup(client: Client, cast: Cast) -> None:
    cast.project.needs_approval = False
    cast.project.save()
    author = cast.clinicians[0]
    rubric = rubric_create(
        project=cast.project, actor=author, name=f"Warmth {EVIL}", content=evil_text()
    )
    version = rubric.versions.get()
    client.force_login(author)
    for address in (listing(cast), url("rubric", rubric), url("rubric_edit", version)):
        assert "<script>alert" not in html_of(client.get(address)), address
    unfinished = evil_text()
    unfinished["criteria"][0]["levels"] = []
    reply = save(client, version, {"content": unfinished, "expected_revision": 0}).json()
    assert "&lt;script&gt;alert" in reply["state"] and "<script>" not in reply["state"]
    save(client, version, {"content": evil_text(), "expected_revision": 1})
    page = html_of(
        client.post(
            url("rubric_publish", version),
            {"expected_revision": 2, "change_note": EVIL},
            follow=True,
        )
    )
    assert "is published" in page and "&lt;script&gt;alert" in page
    assert "<script>alert" not in page
    assert "javascript:" not in page.replace("[a](javascript:", "") and "<img" not in page


def test_draft_is_embedded_as_data(client: Client, cast: Cast) -> None:
    rubric = rubric_create(
        project=cast.project, actor=cast.clinicians[0], name="Warmth", content=evil_text()
    )
    page = html_of(get(client, cast.clinicians[0], url("rubric_edit", rubric.versions.get())))
    embedded = page.split('<script id="draft" type="application/json">')[1].split("</script>")[0]
    assert json.loads(embedded) == evil_text()


def count_queries(client: Client, address: str, django_assert_max_num_queries: Any) -> int:
    # The first request of a session also writes the session's own row.
    client.get(address)
    with django_assert_max_num_queries(12) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_lists_cost_the_same_for_two_and_twenty(
    client: Client, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    cast.project.needs_approval = False
    cast.project.save()
    author = cast.clinicians[0]
    client.force_login(author)

    def add(count: int) -> None:
        for n in range(count):
            rubric = rubric_create(
                project=cast.project, actor=author, name=f"R{n}", content=rubric_text()
            )
            version = rubric.versions.get()
            if n % 2:
                version_send_for_review(version=version, actor=author)

    add(2)
    few = count_queries(client, listing(cast), django_assert_max_num_queries)
    add(18)
    assert count_queries(client, listing(cast), django_assert_max_num_queries) == few


def test_version_list_costs_the_same_for_one_and_ten(
    client: Client, cast: Cast, published: RubricVersion, django_assert_max_num_queries: Any
) -> None:
    cast.project.needs_approval = False
    cast.project.save()
    client.force_login(cast.clinicians[0])
    address = url("rubric", published.rubric)
    few = count_queries(client, address, django_assert_max_num_queries)
    for _ in range(9):
        version_publish(
            version=draft_open(rubric=published.rubric, actor=cast.leads[0]), actor=cast.leads[0]
        )
    assert count_queries(client, address, django_assert_max_num_queries) == few
