"""Comments in threads: who reads and writes them, what becomes of them, and that none is markup."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rubrics.models import Rubric
from rubrics.versions.services import (
    version_approve,
    version_copy,
    version_publish,
    version_send_for_review,
)
from rubrics.writing.services import draft_open, draft_save, rubric_create
from tests.conftest import Cast
from tests.support.pages import html_of
from tests.support.rubric_texts import criterion, rubric_text
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.threads import access, queries, services
from webapp.threads.models import Comment, Thread

EVIL = "<img src=x onerror=alert(1)><script>alert(1)</script>"
WARMTH = "criterion:warmth"


@pytest.fixture
def rubric(cast: Cast) -> Rubric:
    return rubric_create(
        project=cast.project,
        actor=cast.clinicians[0],
        name="Warmth",
        content=rubric_text(criterion("warmth"), criterion("other")),
    )


def opened(cast: Cast, rubric: Rubric, text: str = "Too vague?", anchor: str = WARMTH) -> Thread:
    return services.thread_open(
        member=cast.member(cast.clinicians[0]),
        kind="rubric",
        object_id=rubric.pk,
        anchor=anchor,
        text=text,
    )


def post(client: Client, name: str, pk: UUID, cast: Cast, text: str = "") -> Any:
    return client.post(reverse(name, args=[cast.project.pk, pk]), {"text": text})


def panel_url(cast: Cast, rubric: Rubric) -> str:
    return reverse("threads_panel", args=[cast.project.pk, "rubric", rubric.pk])


@pytest.mark.slow
def test_a_talk_from_the_first_word_to_resolved_and_back(
    client: Client, cast: Cast, rubric: Rubric
) -> None:
    author, other = cast.clinicians
    client.force_login(author)
    where = panel_url(cast, rubric)
    assert "No comments yet" in html_of(client.get(where, {"anchor": WARMTH}))
    page = html_of(client.post(f"{where}open/", {"anchor": WARMTH, "text": "Too vague?"}))
    assert "Too vague?" in page and "Warmth" in page
    thread = Thread.objects.get()
    client.force_login(other)
    page = html_of(post(client, "comment_add", thread.pk, cast, "I think so too."))
    assert page.index("Too vague?") < page.index("I think so too.")
    page = html_of(post(client, "thread_resolve", thread.pk, cast))
    assert "1 resolved" in page and "Resolved by Carl Clinician" in page
    member = cast.member(author)
    assert queries.signal(member, "rubric", rubric.pk).counts == {}
    # Whoever goes on talking opens the matter again.
    post(client, "comment_add", thread.pk, cast, "One thing more.")
    assert queries.signal(member, "rubric", rubric.pk).counts == {WARMTH: 1}
    post(client, "thread_resolve", thread.pk, cast)
    assert "Reopen" not in html_of(post(client, "thread_reopen", thread.pk, cast))
    actions = set(Entry.objects.values_list("action", flat=True))
    assert {"thread.opened", "comment.added", "thread.resolved", "thread.reopened"} <= actions


def test_own_comments_are_changed_and_removed_and_nobody_elses(
    client: Client, cast: Cast, rubric: Rubric
) -> None:
    comment = opened(cast, rubric).comments.get()
    for stranger_to_it in (cast.clinicians[1], cast.leads[0]):
        client.force_login(stranger_to_it)
        for name in ("comment_edit", "comment_remove"):
            assert post(client, name, comment.pk, cast, "Mine now.").status_code == 404
    client.force_login(cast.clinicians[0])
    page = html_of(post(client, "comment_edit", comment.pk, cast, "Too broad?"))
    assert "Too broad?" in page and "edited" in page and "Too vague?" not in page
    page = html_of(post(client, "comment_remove", comment.pk, cast))
    assert "Clara Clinician removed this comment." in page and "Too broad?" not in page
    assert "already been removed" in post(client, "comment_edit", comment.pk, cast, "Again").text
    assert Comment.objects.get().text == ""


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4001, "a\0b"])
def test_a_comment_has_words_and_not_too_many(
    client: Client, cast: Cast, rubric: Rubric, text: str
) -> None:
    client.force_login(cast.clinicians[0])
    page = client.post(f"{panel_url(cast, rubric)}open/", {"anchor": "", "text": text})
    assert "A comment must have 1 to 4,000 characters." in html_of(page)
    assert not Thread.objects.exists()
    thread = opened(cast, rubric)
    with pytest.raises(Refused):
        services.comment_add(thread=thread, actor=cast.leads[0], text=text)


@pytest.mark.parametrize("anchor", ["level:warmth:2", "level:a:b:c:-10", "criterion:not yet saved"])
def test_places_of_a_rubric(cast: Cast, rubric: Rubric, anchor: str) -> None:
    assert opened(cast, rubric, anchor=anchor).anchor == anchor


@pytest.mark.parametrize(
    "anchor",
    [
        "elsewhere",
        "criterion:",
        "level:warmth:x",
        "level:warmth",
        "criterion:" + "x" * 90,
        "criterion:a\0b",
        "level:a\0b:1",
    ],
)
def test_places_that_no_rubric_has(client: Client, cast: Cast, rubric: Rubric, anchor: str) -> None:
    with pytest.raises(Refused, match="does not exist"):
        opened(cast, rubric, anchor=anchor)
    client.force_login(cast.clinicians[0])
    assert client.get(panel_url(cast, rubric), {"anchor": anchor}).status_code == 404
    answer = client.post(f"{panel_url(cast, rubric)}open/", {"anchor": anchor, "text": "Hm."})
    assert answer.status_code == 409


def test_no_comment_becomes_markup(client: Client, cast: Cast, rubric: Rubric) -> None:
    opened(cast, rubric, text=EVIL)
    client.force_login(cast.clinicians[1])
    page = html_of(client.get(panel_url(cast, rubric), {"anchor": WARMTH}))
    assert "<script>alert" not in page and "<img" not in page and "&lt;img" in page


def test_annotators_read_no_comment_of_those_who_write(
    client: Client, cast: Cast, rubric: Rubric
) -> None:
    thread = opened(cast, rubric, text="A secret.")
    client.force_login(cast.annotators[0])
    assert client.get(panel_url(cast, rubric), {"anchor": WARMTH}).status_code == 403
    assert post(client, "comment_add", thread.pk, cast, "Hm.").status_code == 403
    client.force_login(cast.stranger)
    assert client.get(panel_url(cast, rubric), {"anchor": WARMTH}).status_code == 404
    other = reverse("comment_add", args=[cast.other_project.pk, thread.pk])
    assert client.post(other, {"text": "Hm."}).status_code == 404


def test_a_kind_that_nobody_registered_is_not_there(
    client: Client, cast: Cast, rubric: Rubric
) -> None:
    client.force_login(cast.clinicians[0])
    url = reverse("threads_panel", args=[cast.project.pk, "user", rubric.pk])
    assert client.get(url).status_code == 404


def test_threads_stay_with_their_rubric(cast: Cast, rubric: Rubric) -> None:
    """They follow a criterion from version to version, and not into a copy."""
    opened(cast, rubric)
    copy = version_copy(
        version=rubric.versions.get(),
        actor=cast.clinicians[0],
        project=cast.project,
        name="Copy",
    )
    member = cast.member(cast.clinicians[0])
    assert access.threads_on(member, "rubric", rubric.pk).count() == 1
    assert access.threads_on(member, "rubric", copy.pk).count() == 0


def test_database_keeps_words_and_resolutions_together(cast: Cast, rubric: Rubric) -> None:
    thread = opened(cast, rubric)
    for change in (
        lambda: Comment.objects.update(text=""),
        lambda: Comment.objects.update(removed_at=timezone.now()),
        lambda: Thread.objects.filter(pk=thread.pk).update(resolved_at=timezone.now()),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_panel_costs_the_same_for_one_and_ten_threads(
    client: Client, cast: Cast, rubric: Rubric, django_assert_max_num_queries: Any
) -> None:
    client.force_login(cast.clinicians[0])

    def cost() -> int:
        with django_assert_max_num_queries(16) as captured:
            client.get(panel_url(cast, rubric), {"anchor": WARMTH})
        return len(captured)

    opened(cast, rubric)
    cost()
    few = cost()
    for n in range(9):
        thread = opened(cast, rubric)
        services.comment_add(thread=thread, actor=cast.leads[n % 2], text="Yes.")
    assert cost() == few


def test_signal_changes_with_everything_that_is_said(cast: Cast, rubric: Rubric) -> None:
    member = cast.member(cast.leads[0])
    seen = [queries.signal(member, "rubric", rubric.pk).stamp]

    def look() -> None:
        seen.append(queries.signal(member, "rubric", rubric.pk).stamp)

    thread = opened(cast, rubric)
    look()
    comment = services.comment_add(thread=thread, actor=member.user, text="Yes.")
    look()
    services.comment_edit(comment=comment, text="No.")
    look()
    services.thread_resolve(thread=thread, actor=member.user)
    look()
    services.comment_remove(comment=comment)
    look()
    assert len(set(seen)) == len(seen)


def test_by_script(client: Client, cast: Cast, rubric: Rubric) -> None:
    client.force_login(cast.clinicians[0])
    on = reverse("api_thread_list", args=[cast.project.pk, "rubric", rubric.pk])
    sent = {"content_type": "application/json"}
    made = client.post(on, {"anchor": WARMTH, "text": "Vague?"}, **sent)
    assert made.status_code == 201 and made.json()["comments"][0]["text"] == "Vague?"
    assert client.post(on, {"anchor": "nowhere", "text": "Vague?"}, **sent).status_code == 409
    assert client.post(on, {"text": ""}, **sent).status_code == 400
    at = reverse("api_thread_retrieve", args=[cast.project.pk, made.json()["id"]])
    said = client.post(f"{at}reply/", {"text": "Yes."}, **sent).json()
    assert [c["text"] for c in said["comments"]] == ["Vague?", "Yes."]
    own = reverse("api_comment_edit", args=[cast.project.pk, said["comments"][1]["id"]])
    assert client.patch(own, {"text": "Very."}, **sent).json()["text"] == "Very."
    assert client.delete(own).status_code == 204
    assert client.post(f"{at}resolve/").json()["resolved_at"] is not None
    assert client.post(f"{at}reopen/").json()["resolved_at"] is None
    assert len(client.get(on).json()["results"]) == 1


def test_all_open_comments_say_where_they_are_and_lead_there(
    client: Client, cast: Cast, rubric: Rubric, django_assert_max_num_queries: Any
) -> None:
    client.force_login(cast.clinicians[1])
    where = panel_url(cast, rubric)
    assert "No comments are open." in html_of(client.get(where, {"all": "1"}))
    opened(cast, rubric, EVIL, anchor="level:warmth:2")
    with django_assert_max_num_queries(30) as few:
        client.get(where, {"all": "1"})
    for anchor in ("", WARMTH, "level:other:1"):
        opened(cast, rubric, anchor=anchor)
    services.thread_resolve(
        thread=opened(cast, rubric, "Settled.", "criterion:other"), actor=cast.leads[0]
    )
    with django_assert_max_num_queries(len(few)):
        page = html_of(client.get(where, {"all": "1"}))
    places = re.findall(r'data-lead="([^"]*)" *> *([^<]*?) *</button>', page)
    assert places == [
        ("level:warmth:2", "Warmth, level 2"),
        ("rubric", "The rubric"),
        (WARMTH, "Warmth"),
        ("level:other:1", "Other, level 1"),
    ]
    assert "Settled." not in page and "<script>alert" not in page
    panel = html_of(client.get(where, {"anchor": "level:warmth:2"}))
    assert 'data-lead="level:warmth:2"' in panel


def test_a_comment_on_a_criterion_that_was_removed_says_so(
    client: Client, cast: Cast, rubric: Rubric
) -> None:
    author, reviewer = cast.clinicians
    opened(cast, rubric)
    version = rubric.versions.get()
    version_send_for_review(version=version, actor=author)
    version_approve(version=version, actor=reviewer)
    version_publish(version=version, actor=author)
    draft = draft_open(rubric=rubric, actor=author)
    text = rubric_text(criterion("other"))
    draft_save(version=draft, actor=author, content=text, expected_revision=0)
    client.force_login(author)
    assert "Warmth (removed)" in html_of(client.get(panel_url(cast, rubric), {"all": "1"}))
