"""Rubrics from files and into files, on the pages and by script."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from rubrics.core.formats import MAX_BYTES, write
from rubrics.core.spec import from_json, to_json
from rubrics.demo.kardia import KARDIA
from rubrics.models import Rubric, RubricVersion
from rubrics.writing.services import draft_open
from tests.conftest import Cast
from tests.support.pages import html_of
from tests.support.rubric_texts import criterion, rubric_text

JSON = {"content_type": "application/json"}


def send(client: Client, cast: Cast, data: bytes, name: str = "r.yaml", **fields: Any) -> Any:
    form = {"file": SimpleUploadedFile(name, data), "format_name": "kardia-yaml", **fields}
    url = reverse("rubric_import", args=[cast.project.pk])
    return client.post(url, form, follow=True)


def test_a_rubric_goes_out_and_comes_in_as_it_was(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    client.force_login(cast.annotators[0])
    page = reverse("rubric_export", args=[cast.project.pk, published.pk])
    assert "Nothing is left out." in html_of(client.get(page))
    assert "It leaves out levels and their anchors" in html_of(client.get(page))
    file = client.get(page, {"as": "kardia-yaml"})
    assert file.headers["Content-Disposition"] == 'attachment; filename="warmth-1.yaml"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(page, {"as": "exe"}).status_code == 404
    client.force_login(cast.clinicians[0])
    answer = send(client, cast, file.content, "x.yaml")
    assert "The file was imported." in html_of(answer)
    imported = Rubric.objects.get(name="Warmth", number__gt=published.rubric.number)
    assert imported.versions.get().draft == published.spec.content


def test_a_file_becomes_a_new_draft_of_a_rubric_that_is_there(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    client.force_login(cast.clinicians[0])
    text = from_json(rubric_text(criterion("warmth", description="From a file.")))
    send(client, cast, write(text, "kardia-yaml").encode(), rubric=published.rubric_id)
    draft = published.rubric.versions.get(number=2)
    assert (draft.status, from_json(draft.draft)) == ("draft", text)
    answer = send(client, cast, write(text, "kardia-yaml").encode(), rubric=published.rubric_id)
    assert "Version 2 is still a draft." in html_of(answer)
    assert published.rubric.versions.count() == 2


def test_a_foreign_file_keeps_the_identity_of_a_criterion_that_says_the_same(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.clinicians[0])
    items = [{"criterion": "Is warm", "points": 5}, {"criterion": "Lectures", "points": -2}]
    first = send(client, cast, json.dumps(items).encode(), "h.json", format_name="healthbench")
    assert "The file was imported." in first.text
    rubric = Rubric.objects.get(name="h")
    before = from_json(rubric.versions.get().draft).criteria
    cast.project.needs_approval = False
    cast.project.save()
    from rubrics.versions.services import version_publish

    version_publish(version=rubric.versions.get(), actor=cast.clinicians[0])
    items = [{"criterion": "Lectures", "points": -9}, {"criterion": "Is brief", "points": 1}]
    send(
        client, cast, json.dumps(items).encode(), "h.json",
        format_name="healthbench", rubric=rubric.pk,
    )  # fmt: skip
    after = from_json(rubric.versions.get(number=2).draft).criteria
    assert (after[0].uid, after[0].meaning_id) == (before[1].uid, before[1].meaning_id)
    assert after[1].uid not in {c.uid for c in before}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: [1\n", "This is not valid YAML"),
        (b"a: \xff", "not UTF-8"),
        (b"a: 1", "spec_format"),
        (b"x" * (MAX_BYTES + 1), "at most 4 MiB"),
        (b"<script>alert(1)</script>: 1", "This version reads spec_format"),
    ],
    ids=["syntax", "bytes", "no rubric", "too large", "markup"],
)
def test_a_bad_file_changes_nothing_and_is_told_by_line(
    client: Client, cast: Cast, data: bytes, said: str
) -> None:
    client.force_login(cast.clinicians[0])
    answer = send(client, cast, data)
    assert answer.status_code == 400
    assert said in html_of(answer) and "Expected" in html_of(answer)
    assert "<script>alert" not in html_of(answer)
    assert not Rubric.objects.exists()


def test_no_file_and_another_projects_rubric(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    client.force_login(cast.clinicians[0])
    url = reverse("rubric_import", args=[cast.project.pk])
    assert "This field is required" in html_of(client.post(url, {"format_name": "rar"}))
    client.force_login(cast.stranger)
    url = reverse("rubric_import", args=[cast.other_project.pk])
    form = {
        "file": SimpleUploadedFile("r.yaml", write(KARDIA, "kardia-yaml").encode()),
        "format_name": "kardia-yaml",
        "rubric": published.rubric_id,
    }
    assert "Select a valid choice" in html_of(client.post(url, form))
    assert published.rubric.versions.count() == 1


def test_draft_is_exported_for_those_who_write(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    draft = draft_open(rubric=published.rubric, actor=cast.clinicians[0])
    page = reverse("rubric_export", args=[cast.project.pk, draft.pk])
    client.force_login(cast.clinicians[0])
    assert client.get(page, {"as": "markdown"}).text.startswith("# Warmth")
    client.force_login(cast.annotators[0])
    assert client.get(page, {"as": "markdown"}).status_code == 404


def test_versions_by_script(client: Client, cast: Cast, published: RubricVersion) -> None:
    """What the pages of a version do, over the API."""
    author = cast.clinicians[0]
    client.force_login(author)
    project, rubric = cast.project.pk, published.rubric

    def at(name: str, pk: object) -> str:
        return reverse(name, args=[project, pk])

    out = client.get(at("api_rubric_version_export", published.pk), {"as": "kardia-json"}).json()
    assert json.loads(out["text"]) == published.spec.content and out["losses"] == []
    assert client.get(at("api_rubric_version_export", published.pk)).status_code == 400
    text = json.loads(out["text"])
    text["criteria"][0]["description"] = "Is it warm?"
    sent = {"format": "kardia-json", "text": json.dumps(text), "rubric": str(rubric.pk)}
    made = client.post(reverse("api_rubric_import", args=[project]), sent, **JSON)
    assert made.status_code == 201, made.content
    draft = made.json()["id"]
    bad = client.post(
        reverse("api_rubric_import", args=[project]), {"format": "rar", "text": "[1]"}, **JSON
    )
    assert bad.status_code == 400 and "Line 1" in bad.text
    found = client.get(
        at("api_rubric_compare", rubric.pk), {"old": str(published.pk), "new": draft}
    ).json()
    assert found["finding"] == "Warmth was reworded."
    assert found["criteria"][0]["differences"][0]["pieces"] == [
        {"kind": "new", "text": "Is it warm?"}
    ]
    asked = client.get(at("api_rubric_version_consequences", draft)).json()
    assert [(c["uid"], c["outcome"]) for c in asked["carried"]] == [("warmth", "ask")]
    client.post(at("api_rubric_version_send_for_review", draft), {}, **JSON)
    client.force_login(cast.clinicians[1])
    refused = client.post(
        at("api_rubric_version_refuse", draft), {"words": "Which warmth?"}, **JSON
    )
    assert refused.json()["status"] == "draft"
    client.force_login(author)
    client.post(at("api_rubric_version_send_for_review", draft), {}, **JSON)
    client.force_login(cast.clinicians[1])
    assert client.post(at("api_rubric_version_approve", draft), {}, **JSON).status_code == 200
    publish = at("api_rubric_version_publish", draft)
    assert client.post(publish, {}, **JSON).json()["code"] == "meaning"
    done = client.post(publish, {"meaning_changed": {"warmth": False}}, **JSON)
    assert done.json()["status"] == "published"
    blamed = client.get(at("api_rubric_blame", rubric.pk), {"criterion": "warmth"}).json()
    assert {f["key"]: f["version"] for f in blamed["parts"]}["description"] == 2
    restored = client.post(at("api_rubric_version_restore", published.pk), {}, **JSON)
    assert restored.status_code == 201
    assert restored.json()["content"] == published.spec.content
    copied = client.post(at("api_rubric_version_copy", draft), {"name": "Copy"}, **JSON)
    assert copied.status_code == 201
    elsewhere = {"name": "Copy", "project": str(cast.other_project.pk)}
    answer = client.post(at("api_rubric_version_copy", draft), elsewhere, **JSON)
    assert answer.status_code == 409
    assert to_json(from_json(published.spec.content)) == published.spec.content
