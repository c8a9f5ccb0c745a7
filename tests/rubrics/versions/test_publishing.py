"""Review, approval and publishing; and that what is published stays as it is."""

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError, ProgrammingError

from rubrics.core.spec import criterion_hash, from_json, spec_hash
from rubrics.models import Criterion, Level, MeaningChange, Review, Rubric, RubricVersion, Spec
from rubrics.versions.services import (
    freeze_spec,
    version_approve,
    version_archive,
    version_publish,
    version_refuse,
    version_send_for_review,
    version_withdraw_from_review,
)
from rubrics.writing.services import draft_open, draft_save, rubric_create
from tests.conftest import Cast
from tests.support.factories import MembershipFactory, ProjectFactory, UserFactory
from tests.support.rubric_texts import criterion, rubric_text
from tests.support.waiting import SHORT_S
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
        "UPDATE rubrics_rubricversion SET number = 9",
        "UPDATE rubrics_criterion SET meaning_id = 'another'",
        "TRUNCATE rubrics_level",
        "TRUNCATE rubrics_criterion CASCADE",
        "TRUNCATE rubrics_rubricversion CASCADE",
        "TRUNCATE rubrics_spec CASCADE",
        "TRUNCATE rubrics_rubric CASCADE",
        "UPDATE rubrics_review SET words = 'another'",
        "DELETE FROM rubrics_review",
        "TRUNCATE rubrics_review",
        "UPDATE rubrics_meaningchange SET changed = NOT changed",
        "DELETE FROM rubrics_meaningchange",
        "TRUNCATE rubrics_meaningchange",
    ],
)
def test_database_refuses_to_change_what_is_published(published: RubricVersion, sql: str) -> None:
    MeaningChange.objects.create(
        project=published.project, version=published, uid="warmth", changed=False, suggested=False
    )
    with (
        # The embedded database's application may not even ask for TRUNCATE.
        pytest.raises(
            (IntegrityError, InternalError, ProgrammingError),
            match="can not|is immutable|permission denied|foreign key",
        ),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)
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
    with pytest.raises(Refused, match="You edited this version last"):
        version_approve(version=draft, actor=author)
    version_approve(version=draft, actor=cast.leads[0])
    with pytest.raises(Refused, match="Lena Lead has already approved it"):
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


def publish_change(
    cast: Cast, rubric: Rubric, changed: dict[str, object], **meanings: bool
) -> Criterion:
    author, other = cast.clinicians
    draft = draft_open(rubric=rubric, actor=author)
    draft_save(version=draft, actor=author, content=changed, expected_revision=0)
    version_send_for_review(version=draft, actor=author)
    version_approve(version=draft, actor=other)
    version_publish(version=draft, actor=author, meaning_changed=meanings)
    return Criterion.objects.get(version=draft)


def test_author_says_whether_a_rewording_means_something_else(
    cast: Cast, published: RubricVersion
) -> None:
    first = published.criteria.get()
    worded = rubric_text(criterion("warmth", description="Said anew.", weight=3.0))
    with pytest.raises(Refused, match="Say whether the meaning of these criteria changed: Warmth"):
        publish_change(cast, published.rubric, worded)
    draft = published.rubric.versions.get(number=2)
    assert draft.status == "in_review"
    version_publish(version=draft, actor=cast.clinicians[0], meaning_changed={"warmth": False})
    second = Criterion.objects.get(version=draft)
    assert second.meaning_id == first.meaning_id
    assert second.criterion_hash != first.criterion_hash
    other = rubric_text(criterion("warmth", description="Something else."))
    third = publish_change(cast, published.rubric, other, warmth=True)
    assert third.meaning_id != first.meaning_id
    rows = MeaningChange.objects.order_by("version__number")
    assert [(r.version.number, r.uid, r.changed, r.forced) for r in rows] == [
        (2, "warmth", False, False), (3, "warmth", True, False),
    ]  # fmt: skip


def test_another_scale_means_something_else_whatever_the_author_says(
    cast: Cast, published: RubricVersion
) -> None:
    scaled = rubric_text(criterion("warmth", levels=criterion("warmth").levels[:2]))
    second = publish_change(cast, published.rubric, scaled, warmth=False)
    assert (second.uid, second.meaning_id == "meaning-warmth") == ("warmth", False)
    row = MeaningChange.objects.get()
    assert (row.changed, row.forced, row.suggested) == (True, True, True)


def test_weight_and_gate_ask_nobody(cast: Cast, published: RubricVersion) -> None:
    heavier = rubric_text(criterion("warmth", weight=3.0, gate=2), title="Other")
    second = publish_change(cast, published.rubric, heavier)
    assert second.meaning_id == published.criteria.get().meaning_id
    assert not MeaningChange.objects.get().changed


def test_a_restored_text_means_again_what_it_meant(cast: Cast, published: RubricVersion) -> None:
    other = rubric_text(criterion("warmth", description="Something else."))
    second = publish_change(cast, published.rubric, other, warmth=True)
    third = publish_change(cast, published.rubric, published.spec.content)
    assert third.meaning_id == published.criteria.get().meaning_id != second.meaning_id


def test_reviewer_sends_a_text_back_with_words(cast: Cast, draft: RubricVersion) -> None:
    author, other = cast.clinicians
    version_send_for_review(version=draft, actor=author)
    with pytest.raises(Refused, match="You edited this version last"):
        version_refuse(version=draft, actor=author, words="Mine.")
    for words in ("", "  ", "x" * 2001):
        with pytest.raises(Refused, match="what has to change"):
            version_refuse(version=draft, actor=other, words=words)
    back = version_refuse(version=draft, actor=other, words=" Level 2 and 3 overlap. ")
    assert (back.status, back.approved_by, back.revision) == ("draft", None, 1)
    with pytest.raises(Refused, match="is draft"):
        version_refuse(version=draft, actor=other, words="Again.")
    # The same text may come again, and the same reviewer may think again.
    version_send_for_review(version=draft, actor=author)
    version_approve(version=draft, actor=other)
    verdicts = Review.objects.order_by("created_at").values_list("revision", "verdict", "words")
    assert list(verdicts) == [(0, "refused", "Level 2 and 3 overlap."), (1, "approved", "")]


def test_nobody_answers_a_text_that_they_have_not_seen(cast: Cast, draft: RubricVersion) -> None:
    author, other = cast.clinicians
    version_send_for_review(version=draft, actor=author)
    version_withdraw_from_review(version=draft, actor=author)
    draft_save(version=draft, actor=author, content=rubric_text(title="Sly"), expected_revision=1)
    version_send_for_review(version=draft, actor=author)
    with pytest.raises(Stale):
        version_approve(version=draft, actor=other, expected_revision=0)
    with pytest.raises(Stale):
        version_refuse(version=draft, actor=other, words="No.", expected_revision=0)
    assert not Review.objects.exists()


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


def at_once(*actions: Callable[[], object]) -> list[str]:
    """Run these at the same moment; what each said, "done" where it was not refused."""
    barrier, results = threading.Barrier(len(actions)), []

    def run(action: Callable[[], object]) -> None:
        try:
            barrier.wait(SHORT_S)
            action()
            results.append("done")
        except Refused as refusal:
            results.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SHORT_S)
    return sorted(results)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins() -> None:
    version, author = solo_draft()
    said = at_once(*[lambda: version_publish(version=version, actor=author)] * 2)
    assert said == [f"Version 1 is already published, by {author}.", "done"]
    assert Spec.objects.count() == 1 == Criterion.objects.count()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_review_at_once_one_wins(cast: Cast, draft: RubricVersion) -> None:
    author, other = cast.clinicians
    lead = cast.leads[0]
    version_send_for_review(version=draft, actor=author)
    said = at_once(
        lambda: version_approve(version=draft, actor=other),
        lambda: version_approve(version=draft, actor=lead),
    )
    assert said in (
        ["Carl Clinician has already approved it.", "done"],
        ["Lena Lead has already approved it.", "done"],
    )
    assert Review.objects.count() == 1
