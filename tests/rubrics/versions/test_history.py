"""The history of a rubric: comparing, restoring, copying, and who wrote what."""

import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from rubrics import access
from rubrics.core.spec import from_json, to_json
from rubrics.models import Rubric, RubricVersion
from rubrics.versions import queries as history
from rubrics.versions.services import (
    version_approve,
    version_archive,
    version_copy,
    version_publish,
    version_refuse,
    version_restore,
    version_send_for_review,
)
from rubrics.versions.services.publishing import publish_locked
from rubrics.writing.services import draft_open, draft_save, lock_version, rubric_create
from tests.conftest import Cast
from tests.support.factories import MembershipFactory
from tests.support.locks import until_waiting
from tests.support.pages import html_of
from tests.support.rubric_texts import criterion, rubric_text
from tests.support.waiting import SHORT_S
from webapp.accounts.models import Project
from webapp.errors import Refused, Stale

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def alone(cast: Cast) -> Cast:
    """The project publishes without approval, so that a test makes versions quickly."""
    cast.project.needs_approval = False
    cast.project.save()
    return cast


def publish(
    cast: Cast, rubric: Rubric, text: Any, note: str = "", **changed: bool
) -> RubricVersion:
    actor = cast.clinicians[0]
    draft = draft_open(rubric=rubric, actor=actor)
    draft_save(version=draft, actor=actor, content=text, expected_revision=0)
    return version_publish(version=draft, actor=actor, change_note=note, meaning_changed=changed)


def page_of(client: Client, name: str, rubric: Rubric, **query: Any) -> Any:
    address = reverse(name, kwargs={"project_id": rubric.project_id, "rubric_id": rubric.pk})
    return client.get(address, query)


def post(client: Client, name: str, version: RubricVersion, /, **data: Any) -> Any:
    kwargs = {"project_id": version.project_id, "version_id": version.pk}
    return client.post(reverse(name, kwargs=kwargs), data, follow=True)


def test_compare_page_shows_what_changed_word_by_word(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    reworded = criterion("warmth", description="Is it warm?", weight=2.0, gate=2)
    second = publish(alone, published.rubric, rubric_text(reworded), warmth=False)
    client.force_login(alone.annotators[0])
    page = page_of(
        client, "rubric_compare", published.rubric, **{"from": published.pk, "to": second.pk}
    ).text
    assert "<ins>Is it warm?</ins>" in page and "Reworded" in page
    assert "<del>1</del><ins>2</ins>" in page and "+1" in page
    assert "If Warmth is below 2, the total is 0." in page
    assert "Restore version" not in page and "What publishing would do" not in page
    # Backwards too, and by default the newest with the one before.
    back = page_of(
        client, "rubric_compare", published.rubric, **{"from": second.pk, "to": published.pk}
    ).text
    assert "<del>Is it warm?</del>" in back
    assert "<ins>Is it warm?</ins>" in html_of(page_of(client, "rubric_compare", published.rubric))


def test_compare_page_of_a_draft_is_for_those_who_write(
    client: Client, cast: Cast, published: RubricVersion
) -> None:
    draft = draft_open(rubric=published.rubric, actor=cast.clinicians[0])
    client.force_login(cast.clinicians[0])
    page = html_of(page_of(client, "rubric_compare", published.rubric))
    assert "Version 1 to draft 2" in page and "The two texts are the same" in page
    assert "What publishing would do" in page and "Restore version 1" in page
    client.force_login(cast.annotators[0])
    answer = page_of(client, "rubric_compare", published.rubric, to=draft.pk)
    assert answer.status_code == 404
    assert page_of(client, "rubric_compare", published.rubric, to="x").status_code == 404


def test_versions_of_another_rubric_are_not_compared(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    other = version_copy(
        version=published, actor=alone.clinicians[0], project=alone.project, name="Other"
    )
    client.force_login(alone.clinicians[0])
    answer = page_of(client, "rubric_compare", other, **{"from": published.pk})
    assert answer.status_code == 404


def test_no_text_of_a_version_becomes_markup(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    text = rubric_text(criterion("warmth", name=EVIL, description=EVIL), title=f"W {EVIL}")
    second = publish(alone, published.rubric, text, note=EVIL, warmth=True)
    client.force_login(alone.clinicians[0])
    for page in (
        page_of(client, "rubric_compare", second.rubric),
        page_of(client, "rubric", second.rubric),
        page_of(client, "rubric_blame", second.rubric, criterion="warmth"),
    ):
        assert page.status_code == 200
        assert "<script>alert" not in html_of(page) and "&lt;script&gt;alert" in html_of(page)


def test_restoring_begins_a_draft_with_the_earlier_text(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    publish(alone, published.rubric, rubric_text(criterion("warmth", weight=3.0)))
    client.force_login(alone.clinicians[0])
    page = html_of(post(client, "rubric_restore", published))
    assert "Version 3 is a new draft with the text of version 1." in page
    restored = published.rubric.versions.get(number=3)
    assert (restored.status, restored.draft) == ("draft", published.spec.content)


def test_restoring_never_loses_a_draft(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    draft = draft_open(rubric=published.rubric, actor=alone.clinicians[0])
    mine = rubric_text(criterion("warmth", description="Unsaved thoughts."))
    draft_save(version=draft, actor=alone.clinicians[0], content=mine, expected_revision=0)
    with pytest.raises(Refused, match="Version 2 is still a draft"):
        version_restore(version=published, actor=alone.leads[0])
    with pytest.raises(Stale, match="Clara Clinician edited version 2 after"):
        version_restore(version=published, actor=alone.leads[0], set_aside_revision=0)
    client.force_login(alone.clinicians[0])
    page = html_of(post(client, "rubric_restore", published, set_aside_revision=1))
    assert "Draft 3" in page
    draft.refresh_from_db()
    assert draft.is_set_aside and draft.spec.content == mine
    # It is read and restored like any other, and only by those who write.
    assert "Unsaved thoughts." in post_page(client, draft)
    version_archive(version=published.rubric.versions.get(number=3), actor=alone.leads[0])
    again = version_restore(version=draft, actor=alone.leads[0])
    assert (again.number, again.draft) == (4, mine)
    client.force_login(alone.annotators[0])
    assert client.get(address_of(draft)).status_code == 404
    assert draft.spec not in access.visible_specs(alone.member(alone.annotators[0]))


def address_of(version: RubricVersion) -> str:
    kwargs = {"project_id": version.project_id, "version_id": version.pk}
    return reverse("rubric_version", kwargs=kwargs)


def post_page(client: Client, version: RubricVersion) -> str:
    return html_of(client.get(address_of(version)))


def test_a_version_in_review_is_in_the_way(alone: Cast, published: RubricVersion) -> None:
    draft = draft_open(rubric=published.rubric, actor=alone.clinicians[0])
    version_send_for_review(version=draft, actor=alone.clinicians[0])
    with pytest.raises(Refused, match="in review. Take it back"):
        version_restore(version=published, actor=alone.leads[0], set_aside_revision=0)
    with pytest.raises(Refused, match="still a draft"):
        version_restore(version=draft, actor=alone.leads[0])


def test_a_rubric_whose_versions_are_all_archived_can_be_written_again(
    alone: Cast, published: RubricVersion, client: Client
) -> None:
    version_archive(version=published, actor=alone.leads[0])
    client.force_login(alone.clinicians[0])
    page = html_of(page_of(client, "rubric", published.rubric))
    assert "All published versions are archived" in page and "New draft" in page
    address = reverse("rubric_new_draft", args=[published.project_id, published.rubric_id])
    client.post(address)
    assert published.rubric.versions.get(number=2).draft == published.draft


def test_a_draft_that_is_set_aside_is_not_called_archived(
    alone: Cast, published: RubricVersion, client: Client
) -> None:
    draft = draft_open(rubric=published.rubric, actor=alone.clinicians[0])
    client.force_login(alone.clinicians[0])
    page = html_of(post(client, "rubric_archive", draft))
    assert "Draft 2 was set aside. You can read and restore it" in page


def test_words_of_a_review_are_for_those_who_write(
    cast: Cast, published: RubricVersion, client: Client
) -> None:
    author, other = cast.clinicians
    draft = draft_open(rubric=published.rubric, actor=author)
    version_send_for_review(version=draft, actor=author)
    version_refuse(version=draft, actor=other, words="Too vague.")
    version_send_for_review(version=draft, actor=author)
    version_approve(version=draft, actor=other)
    version_publish(version=draft, actor=author)
    for reader, reads in ((author, True), (cast.annotators[0], False)):
        client.force_login(reader)
        page = html_of(page_of(client, "rubric", published.rubric))
        assert "Version 2" in page and ("Too vague." in page) == reads


def test_a_new_draft_does_not_begin_from_one_set_aside(
    alone: Cast, published: RubricVersion
) -> None:
    draft = draft_open(rubric=published.rubric, actor=alone.clinicians[0])
    other = rubric_text(title="Other")
    draft_save(version=draft, actor=alone.clinicians[0], content=other, expected_revision=0)
    version_archive(version=draft, actor=alone.clinicians[0])
    version_archive(version=published, actor=alone.clinicians[0])
    begun = draft_open(rubric=published.rubric, actor=alone.clinicians[0])
    assert (begun.number, begun.draft) == (3, published.spec.content)


def test_a_copy_keeps_identities_here_and_in_another_project(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    writer = alone.clinicians[0]
    MembershipFactory(project=alone.other_project, user=writer, role="lead")
    client.force_login(writer)
    for project in (alone.project, alone.other_project):
        page = html_of(post(client, "rubric_copy", published, name="A copy", project=project.pk))
        assert "“A copy” is a copy of version 1." in page
        copied = Rubric.objects.get(project=project, name="A copy")
        assert copied.copied_from == published.pk
        draft = copied.versions.get()
        assert draft.draft == published.spec.content
        assert (draft.project, draft.author) == (project, writer)
    # The other project shows no way back to a project that its members may not see.
    assert "A copy of" not in page
    assert "A copy of" in html_of(page_of(client, "rubric", copied_in(alone.project)))


def copied_in(project: Project) -> Rubric:
    return Rubric.objects.get(project=project, name="A copy")


def test_nobody_copies_into_a_project_where_they_do_not_write(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    writer = alone.clinicians[0]
    MembershipFactory(project=alone.other_project, user=writer, role="annotator")
    client.force_login(writer)
    page = html_of(post(client, "rubric_copy", published, name="A", project=alone.other_project.pk))
    assert "Choose a name and a project" in page
    assert not Rubric.objects.filter(project=alone.other_project).exists()


def test_blame_names_the_version_that_wrote_each_field(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    rubric = published.rubric
    asked = criterion("warmth", description="Is it warm?")
    publish(alone, rubric, rubric_text(asked), note="Asked as a question.", warmth=False)
    heavier = criterion("warmth", description="Is it warm?", weight=2.0)
    publish(alone, rubric, rubric_text(heavier, criterion("other")), note="It counts more.")
    member = alone.member(alone.annotators[0])
    found = history.blame(access.lineage(member, rubric), "warmth")
    assert found is not None
    assert {field.fact.key: field.version.number for field in found.fields} == {
        "name": 1, "description": 2, "weight": 3,
        "levels.1.anchor": 1, "levels.2.anchor": 1, "levels.3.anchor": 1,
    }  # fmt: skip
    assert [(version.number, each.effect) for version, each, _ in found.steps] == [
        (1, "new"), (2, "wording"), (3, "total"),
    ]  # fmt: skip
    client.force_login(alone.annotators[0])
    page = html_of(page_of(client, "rubric_blame", rubric, criterion="warmth"))
    assert "Asked as a question." in page and "It counts more." in page
    for unknown in ("none", "\0"):
        assert page_of(client, "rubric_blame", rubric, criterion=unknown).status_code == 404


def test_blame_says_when_a_criterion_went(alone: Cast, published: RubricVersion) -> None:
    rubric = published.rubric
    publish(alone, rubric, rubric_text(criterion("other")))
    found = history.blame(access.lineage(alone.member(alone.leads[0]), rubric), "warmth")
    assert found is not None and found.gone_since is not None
    assert (found.gone_since.number, found.name) == (2, "Warmth")


def test_history_says_what_each_version_changed(
    client: Client, alone: Cast, published: RubricVersion
) -> None:
    publish(alone, published.rubric, rubric_text(criterion("warmth", weight=2.0)), "More of it.")
    client.force_login(alone.annotators[0])
    page = html_of(page_of(client, "rubric", published.rubric))
    assert "The weight of Warmth changed." in page and "More of it." in page
    assert "Begins with 1 criterion." in page


@pytest.mark.slow
def test_history_costs_the_same_for_two_and_twelve_versions(
    client: Client, alone: Cast, published: RubricVersion, django_assert_max_num_queries: Any
) -> None:
    client.force_login(alone.clinicians[0])
    text = from_json(published.spec.content)

    def cost(name: str, **query: Any) -> int:
        page_of(client, name, published.rubric, **query)
        with django_assert_max_num_queries(14) as captured:
            assert page_of(client, name, published.rubric, **query).status_code == 200
        return len(captured)

    pages = (("rubric", {}), ("rubric_compare", {}), ("rubric_blame", {"criterion": "warmth"}))
    publish(alone, published.rubric, to_json(text))
    few = [cost(name, **query) for name, query in pages]
    for _ in range(10):
        publish(alone, published.rubric, to_json(text))
    assert [cost(name, **query) for name, query in pages] == few


@pytest.mark.django_db(transaction=True)
def test_restoring_waits_for_who_publishes_the_draft_and_neither_fails(alone: Cast) -> None:
    author = alone.clinicians[0]
    rubric = rubric_create(project=alone.project, actor=author, name="R", content=rubric_text())
    first = version_publish(version=rubric.versions.get(), actor=author)
    draft = draft_open(rubric=rubric, actor=author)
    said: list[str] = []

    def restore() -> None:
        try:
            version_restore(version=first, actor=author, set_aside_revision=draft.revision)
            said.append("restored")
        except DatabaseError as error:
            said.append(repr(error))
        finally:
            connection.close()

    restoring = threading.Thread(target=restore)
    with transaction.atomic():
        locked = lock_version(draft)
        restoring.start()
        until_waiting()
        publish_locked(locked, actor=author)
    restoring.join(SHORT_S)
    assert said == ["restored"]
    assert [v.status for v in rubric.versions.order_by("number")] == [
        "published",
        "published",
        "draft",
    ]
