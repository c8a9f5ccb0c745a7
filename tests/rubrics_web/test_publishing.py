"""Review, approval and publishing; and that what is published stays as it is."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from rubrics.models import Criterion, Level, Rubric, RubricVersion, Spec
from rubrics.services import (
    draft_open,
    draft_save,
    freeze_spec,
    rubric_create,
    version_approve,
    version_archive,
    version_publish,
    version_send_for_review,
    version_withdraw_from_review,
)
from rubrics.spec import criterion_hash, from_json, spec_hash
from tests.conftest import Cast
from tests.factories import MembershipFactory, ProjectFactory, UserFactory
from tests.rubrics_web.texts import criterion, rubric_text
from webapp.accounts.models import User
from webapp.audit.models import Entry
from webapp.errors import Refused, Stale


def solo_draft() -> tuple[RubricVersion, User]:
    """A draft in a project whose one clinician works alone."""
    author = UserFactory()
    project = ProjectFactory()
    MembershipFactory(project=project, user=author, role="clinician")
    MembershipFactory(project=project, role="annotator")
    rubric = rubric_create(project=project, actor=author, name="Warmth", content=rubric_text())
    return rubric.versions.get(), author


def test_published_version_is_frozen_hashed_and_indexed(published: RubricVersion) -> None:
    spec = from_json(published.spec.content)
    assert published.spec.hash == spec_hash(spec)
    assert published.change_note == "The first one."
    row = Criterion.objects.get(version=published)
    assert row.criterion_hash == criterion_hash(spec.criteria[0])
    assert (row.uid, row.meaning_id, row.kind) == ("warmth", "meaning-warmth", "judge")
    levels = list(Level.objects.filter(criterion=row).values_list("value", "label"))
    assert levels == [(1, "Label 1"), (2, "Label 2"), (3, "Label 3")]
    assert Entry.objects.filter(action="rubric_version.published").count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE rubrics_spec SET content = '{}'",
        "UPDATE rubrics_rubricversion SET change_note = 'another'",
        "UPDATE rubrics_rubricversion SET status = 'draft'",
        "UPDATE rubrics_rubricversion SET draft = '{}'",
        "UPDATE rubrics_criterion SET name = 'another'",
        "UPDATE rubrics_level SET anchor = 'another'",
        "DELETE FROM rubrics_level",
        "DELETE FROM rubrics_criterion",
        "DELETE FROM rubrics_rubricversion",
        "DELETE FROM rubrics_spec",
        "DELETE FROM rubrics_rubric",
    ],
)
def test_database_refuses_to_change_what_is_published(published: RubricVersion, sql: str) -> None:
    with (
        pytest.raises((IntegrityError, InternalError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    before = published.spec.content
    published.refresh_from_db()
    assert (published.status, published.spec.content) == ("published", before)


def test_same_text_is_one_spec(published: RubricVersion) -> None:
    again = freeze_spec(project=published.project, content=published.spec.content)
    assert again == published.spec
    other = freeze_spec(project=published.project, content=rubric_text(title="Other"))
    assert other != again and Spec.objects.count() == 2


def test_text_with_problems_is_refused_in_words(cast: Cast, draft: RubricVersion) -> None:
    draft_save(
        version=draft,
        actor=cast.clinicians[0],
        content=rubric_text(criterion("warmth", name="", levels=())),
        expected_revision=0,
    )
    with pytest.raises(Refused, match="no name. A scale needs at least two levels."):
        version_send_for_review(version=draft, actor=cast.clinicians[0])
    version, author = solo_draft()
    draft_save(version=version, actor=author, content=empty(), expected_revision=0)
    with pytest.raises(Refused, match="needs a criterion"):
        version_publish(version=version, actor=author)
    version.refresh_from_db()
    assert (version.status, version.spec) == ("draft", None)


def empty() -> dict[str, object]:
    return {"spec_format": 1, "title": "Warmth"}


def test_another_clinician_or_lead_approves(cast: Cast, draft: RubricVersion) -> None:
    author, other = cast.clinicians
    with pytest.raises(Refused, match="Send it for review"):
        version_publish(version=draft, actor=author)
    version_send_for_review(version=draft, actor=author)
    with pytest.raises(Refused, match="waits for approval"):
        version_publish(version=draft, actor=author)
    with pytest.raises(Refused, match="You wrote in this version last"):
        version_approve(version=draft, actor=author)
    version_approve(version=draft, actor=cast.leads[0])
    with pytest.raises(Refused, match="Lena Lead has approved it"):
        version_approve(version=draft, actor=other)
    published = version_publish(version=draft, actor=author)
    assert published.approved_by == cast.leads[0]
    assert not published.self_approved


def test_text_in_review_is_closed_and_taking_it_back_drops_the_approval(
    cast: Cast, draft: RubricVersion
) -> None:
    author, other = cast.clinicians
    version_send_for_review(version=draft, actor=author)
    version_approve(version=draft, actor=other)
    with pytest.raises(Refused, match="is in review"):
        draft_save(
            version=draft, actor=author, content=rubric_text(title="Sly"), expected_revision=0
        )
    assert version_withdraw_from_review(version=draft, actor=author).approved_by is None
    with pytest.raises(Refused, match="Send it for review"):
        version_publish(version=draft, actor=author)


def test_one_clinician_alone_publishes_and_it_is_recorded(db: None) -> None:
    version, author = solo_draft()
    assert version_publish(version=version, actor=author).self_approved


def test_a_person_with_two_roles_is_still_one(db: None) -> None:
    version, author = solo_draft()
    MembershipFactory(project=version.project, user=author, role="lead")
    assert version_publish(version=version, actor=author).self_approved


def test_project_may_do_without_approval(cast: Cast, draft: RubricVersion) -> None:
    cast.project.needs_approval = False
    cast.project.save()
    assert version_publish(version=draft, actor=cast.clinicians[0]).self_approved


def test_nobody_publishes_a_text_that_they_have_not_seen(db: None) -> None:
    version, author = solo_draft()
    draft_save(
        version=version, actor=author, content=rubric_text(title="Later"), expected_revision=0
    )
    with pytest.raises(Stale):
        version_publish(version=version, actor=author, expected_revision=0)
    version_publish(version=version, actor=author, expected_revision=1)


def publish_change(cast: Cast, rubric: Rubric, changed: dict[str, object]) -> Criterion:
    author, other = cast.clinicians
    draft = draft_open(rubric=rubric, actor=author)
    draft_save(version=draft, actor=author, content=changed, expected_revision=0)
    version_send_for_review(version=draft, actor=author)
    version_approve(version=draft, actor=other)
    version_publish(version=draft, actor=author)
    return Criterion.objects.get(version=draft)


def test_meaning_stays_with_the_wording_and_goes_with_the_scale(
    cast: Cast, published: RubricVersion
) -> None:
    first = published.criteria.get()
    worded = rubric_text(criterion("warmth", description="Said anew.", weight=3.0))
    second = publish_change(cast, published.rubric, worded)
    assert second.meaning_id == first.meaning_id
    assert second.criterion_hash != first.criterion_hash
    scaled = rubric_text(criterion("warmth", levels=criterion("warmth").levels[:2]))
    third = publish_change(cast, published.rubric, scaled)
    assert (third.uid, third.meaning_id == first.meaning_id) == (first.uid, False)


def test_two_criteria_never_share_a_meaning(cast: Cast, published: RubricVersion) -> None:
    twins = rubric_text(
        criterion("warmth"), criterion("copy", meaning_id="meaning-warmth"), title="Twins"
    )
    draft = draft_open(rubric=published.rubric, actor=cast.clinicians[0])
    draft_save(version=draft, actor=cast.clinicians[0], content=twins, expected_revision=0)
    cast.project.needs_approval = False
    cast.project.save()
    version_publish(version=draft, actor=cast.clinicians[0])
    meanings = list(draft.criteria.values_list("meaning_id", flat=True))
    assert meanings[0] == "meaning-warmth" != meanings[1]


def test_archived_version_stays_archived(cast: Cast, published: RubricVersion) -> None:
    assert version_archive(version=published, actor=cast.leads[0]).status == "archived"
    with pytest.raises(Refused, match="can't be archived"):
        version_archive(version=published, actor=cast.leads[0])
    draft = draft_open(rubric=published.rubric, actor=cast.leads[0])
    assert (draft.number, draft.draft) == (2, published.spec.content)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins() -> None:
    version, author = solo_draft()
    barrier, results = threading.Barrier(2), []

    def publish() -> None:
        try:
            barrier.wait(5)
            version_publish(version=version, actor=author)
            results.append("published")
        except Refused as refusal:
            results.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(results) == [f"Version 1 is already published, by {author}.", "published"]
    assert Spec.objects.count() == 1 == Criterion.objects.count()
