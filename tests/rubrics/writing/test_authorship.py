"""Who wrote a field of a draft: credited where two texts meet, told where theirs was replaced."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rubrics.models import DraftField, RubricVersion
from rubrics.versions.services import version_send_for_review
from rubrics.writing.services import draft_save
from tests.conftest import Cast
from tests.support.rubric_texts import criterion, rubric_text
from webapp.accounts.models import User

Merge = Callable[..., dict[str, Any]]


def text(**changes: Any) -> dict[str, Any]:
    found = rubric_text()
    found["criteria"][0] |= changes
    return found


def save(draft: RubricVersion, actor: User, content: object) -> None:
    draft.refresh_from_db()
    draft_save(version=draft, actor=actor, content=content, expected_revision=draft.revision)


@pytest.fixture
def merged(cast: Cast, draft: RubricVersion) -> Merge:
    """What the editor of a person answers who began from one text and has another one now."""

    def ask(user: User, base: object, content: object, **choices: Any) -> dict[str, Any]:
        client = Client()
        client.force_login(user)
        answer = client.post(
            reverse("rubric_merge", args=[cast.project.pk, draft.pk]),
            json.dumps({"base": base, "content": content, "choices": choices}),
            content_type="application/json",
        )
        assert answer.status_code == 200
        return dict(answer.json())

    return ask


def test_each_text_is_credited_to_the_one_who_wrote_it(
    cast: Cast, draft: RubricVersion, merged: Merge
) -> None:
    clara, carl = cast.clinicians
    save(draft, carl, text(description="Carl’s"))
    save(draft, cast.leads[0], text(description="Carl’s", use_when="Lena’s"))
    # The lead saved last and wrote in another field.
    answer = merged(clara, text(), text(description="Clara’s"))
    assert answer["conflicts"] == 1
    assert "<b>Carl Clinician</b>" in answer["html"]
    assert answer["authors"] == ["Carl Clinician", "Lena Lead"]
    assert [(one["what"], one["who"]) for one in answer["taken"]] == [
        ("When to use it", "Lena Lead")
    ]


def test_whoever_is_overridden_is_told_by_whom_and_what_it_was(
    cast: Cast, draft: RubricVersion, merged: Merge
) -> None:
    clara, carl = cast.clinicians
    save(draft, clara, text(description="Clara’s"))
    for carls in ("Carl’s", "Carl’s at last"):
        save(draft, carl, text(description=carls, avoid_when="Never."))
    (told,) = merged(clara, text(description="Clara’s"), text(description="Clara’s"))["overridden"]
    assert (told["where"], told["what"], told["who"]) == (
        "Warmth",
        "What the rater decides",
        "Carl Clinician",
    )
    assert (told["before"], told["after"]) == ("Clara’s", "Carl’s at last")
    # Nobody else's words were replaced.
    assert merged(cast.leads[0], text(), text())["overridden"] == []


def test_a_text_is_replaced_with_its_scale_and_with_its_criterion(
    cast: Cast, draft: RubricVersion, merged: Merge
) -> None:
    clara, carl = cast.clinicians
    written = text(description="Clara’s")
    save(draft, clara, written)
    save(draft, carl, rubric_text(criterion("calm")))
    (told,) = merged(clara, written, written)["overridden"]
    assert (told["what"], told["after"]) == ("The whole criterion", "Removed")
    assert "Clara’s" in told["before"]


def test_a_third_text_is_taken_and_read_by_page_and_api_alike(
    cast: Cast, draft: RubricVersion, merged: Merge
) -> None:
    clara, carl = cast.clinicians
    save(draft, carl, text(description="Carl’s"))
    chosen = {"warmth/description/": {"text": "Both of us."}}
    base, mine = text(), text(description="Clara’s")
    answer = merged(clara, base, mine, **chosen)
    assert answer["undecided"] == 0
    assert answer["content"] == text(description="Both of us.")
    client = Client()
    client.force_login(clara)
    api = client.post(
        f"/api/projects/{cast.project.pk}/rubric-versions/{draft.pk}/merge/",
        json.dumps({"base": base, "content": mine, "choices": chosen}),
        content_type="application/json",
    ).json()
    assert api["content"] == answer["content"]
    (conflict,) = api["conflicts"]
    assert (conflict["written"], conflict["who"]) == ("Both of us.", "Carl Clinician")


def test_authors_of_criteria_that_are_gone_are_not_kept_for_ever(
    cast: Cast, draft: RubricVersion
) -> None:
    for n in range(4):
        save(draft, cast.clinicians[0], rubric_text(criterion(f"c{n}")))
    assert set(DraftField.objects.values_list("uid", flat=True)) <= {"", "c2", "c3"}


def test_presence_says_why_nobody_can_write_now(cast: Cast, draft: RubricVersion) -> None:
    client = Client()
    client.force_login(cast.clinicians[1])

    def closed() -> str:
        answer = client.post(
            reverse("rubric_presence", args=[cast.project.pk, draft.pk]),
            json.dumps({"tab": "one", "at": "about"}),
            content_type="application/json",
        )
        return str(answer.json()["closed"])

    assert closed() == ""
    version_send_for_review(version=draft, actor=cast.clinicians[0])
    assert closed() == "Version 1 is in review. Take it back to change it."
