"""Begin a rubric, save its draft, and never overwrite what somebody else wrote."""

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from rubrics.core import lint
from rubrics.core.spec import RubricSpec, content, to_json
from rubrics.models import Rubric, RubricVersion
from rubrics.writing.services import BadContent, draft_open, draft_save, rubric_create
from tests.conftest import Cast
from tests.support.rubric_texts import criterion, large_text, rubric_text
from webapp.audit.models import Entry
from webapp.errors import Refused, Stale


def test_new_rubric_has_an_empty_draft_and_a_number(cast: Cast) -> None:
    rubric = rubric_create(project=cast.project, actor=cast.clinicians[0], name="  Warmth ")
    version = rubric.versions.get()
    assert (rubric.name, rubric.number) == ("Warmth", 1)
    assert (version.number, version.status, version.revision) == (1, "draft", 0)
    assert version.draft == to_json(RubricSpec(title="Warmth"))
    actions = list(Entry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["rubric_version.opened", "rubric.created"]


@pytest.mark.parametrize("name", ["", "   ", "n" * 121])
def test_rubric_without_a_usable_name_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(Refused, match="needs a name"):
        rubric_create(project=cast.project, actor=cast.clinicians[0], name=name)


def test_archived_project_takes_no_rubric(cast: Cast, draft: RubricVersion) -> None:
    cast.project.archived_at = timezone.now()
    cast.project.save()
    with pytest.raises(PermissionDenied):
        rubric_create(project=cast.project, actor=cast.clinicians[0], name="Warmth")
    with pytest.raises(PermissionDenied):
        save(draft, cast.clinicians[0], rubric_text(title="Other"), revision=0)


def save(version: RubricVersion, actor: Any, content: object, *, revision: int) -> RubricVersion:
    return draft_save(version=version, actor=actor, content=content, expected_revision=revision)


def test_save_counts_revisions_and_renames_the_unpublished_rubric(
    cast: Cast, draft: RubricVersion
) -> None:
    saved = save(draft, cast.clinicians[1], rubric_text(title="Calm"), revision=0)
    assert (saved.revision, saved.saved_by) == (1, cast.clinicians[1])
    draft.refresh_from_db()
    assert draft.draft["title"] == "Calm"
    assert Rubric.objects.get().name == "Calm"


def test_stale_save_changes_nothing(cast: Cast, draft: RubricVersion) -> None:
    save(draft, cast.clinicians[1], rubric_text(title="Theirs"), revision=0)
    with pytest.raises(Stale, match="Carl Clinician saved this draft"):
        save(draft, cast.clinicians[0], rubric_text(title="Mine"), revision=0)
    draft.refresh_from_db()
    assert (draft.draft["title"], draft.revision) == ("Theirs", 1)


def test_save_that_arrives_twice_is_one_save(cast: Cast, draft: RubricVersion) -> None:
    for _ in range(2):
        saved = save(draft, cast.clinicians[0], rubric_text(title="Mine"), revision=0)
        assert saved.revision == 1


def test_audit_tells_of_sittings_and_not_of_keystrokes(cast: Cast, draft: RubricVersion) -> None:
    one, other = cast.clinicians
    for revision, actor in enumerate([one, one, one, other, one]):
        save(draft, actor, rubric_text(title=f"Text {revision}"), revision=revision)
    assert Entry.objects.filter(action="rubric_version.edited").count() == 3


def changed(**changes: Any) -> dict[str, Any]:
    return {**rubric_text(), **changes}


def with_criterion(**changes: Any) -> dict[str, Any]:
    text = rubric_text()
    text["criteria"][0].update(changes)
    return text


OURS = str(Path(__file__).parents[3] / "rubrics")
LEVEL = {"value": 1, "label": "", "anchor": ""}
BAD = {
    "not an object": ([], "JSON object"),
    "no format": ({"title": "x"}, "spec_format"),
    "unknown field": (changed(owner="me"), "Unknown field"),
    "text as a number": (changed(title=5), "title: Text"),
    "unknown formula": (changed(formula="guess"), "formula: One of"),
    "unhashable formula": (changed(formula=[]), "formula: One of"),
    "criteria as text": (changed(criteria="all"), "criteria: A list"),
    "weight as text": (with_criterion(weight="20"), "weight: A number"),
    "no identity": (with_criterion(uid=" "), "uid: An identity"),
    "NUL": (changed(purpose="a\0b"), "cannot be stored"),
    "lone surrogate": (changed(purpose="\ud800"), "cannot be stored"),
    "long title": (changed(title="t" * 121), "limit is 120"),
    "long text": (changed(guidance="g" * 20_001), "limit is 20,000"),
    "long label": (with_criterion(levels=[{**LEVEL, "label": "l" * 81}]), "limit is 80"),
    "high level": (with_criterion(levels=[{**LEVEL, "value": 40_000}]), "between"),
    "many criteria": (changed(criteria=rubric_text()["criteria"] * 101), "At most 100 criteria"),
    "many levels": (with_criterion(levels=[LEVEL] * 21), "At most 20 levels"),
    "many spans": (with_criterion(spans=["response"] * 6), "At most 5 spans"),
    "much text": (
        changed(criteria=[{**with_criterion()["criteria"][0], "description": "d" * 20_000}] * 60),
        "longer than 1,000,000",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD.keys())
def test_wrong_content_is_refused_and_changes_nothing(
    cast: Cast, draft: RubricVersion, content: object, message: str
) -> None:
    with pytest.raises(BadContent, match=message):
        save(draft, cast.clinicians[0], copy.deepcopy(content), revision=0)
    draft.refresh_from_db()
    assert (draft.draft, draft.revision) == (rubric_text(), 0)


def test_incomplete_draft_is_kept(cast: Cast, draft: RubricVersion) -> None:
    unfinished = rubric_text(criterion("warmth", name="", levels=()), title="")
    assert save(draft, cast.clinicians[0], unfinished, revision=0).draft == unfinished
    assert Rubric.objects.get().name == "Warmth"


def test_the_work_of_a_save_grows_no_faster_than_the_criteria(
    cast: Cast, draft: RubricVersion
) -> None:
    """Counted in calls of functions: the clock of a busy machine says nothing of the product."""

    def calls_to_save(criteria: int, revision: int) -> int:
        text, calls = large_text(criteria), []
        # A criterion that was read before, perhaps by another test, is not read again.
        lint._wording.cache_clear()
        content._known_criterion.cache_clear()
        sys.setprofile(lambda frame, event, _: calls.append((frame.f_code.co_filename, event)))
        try:
            save(draft, cast.clinicians[0], text, revision=revision)
        finally:
            sys.setprofile(None)
        # The product's own: what libraries keep between calls depends on the tests before.
        return sum(file.startswith(OURS) and event == "call" for file, event in calls)

    # What is read once, and at the second save of a person, is read now.
    for n, at in ((6, 0), (12, 1)):
        calls_to_save(n, at)
    # Each is saved over a text of half its criteria, which is read and compared, too.
    few, some, many = (calls_to_save(n, at) for at, n in enumerate((24, 48, 96), start=2))
    # Twice as many criteria cost twice as much more.
    assert many - some < 2.2 * (some - few)
    assert many < 40_000


def test_draft_after_publishing_begins_with_the_published_text(
    cast: Cast, published: RubricVersion
) -> None:
    draft = draft_open(rubric=published.rubric, actor=cast.clinicians[1])
    assert (draft.number, draft.status, draft.author) == (2, "draft", cast.clinicians[1])
    assert draft.draft == published.spec.content
    published.refresh_from_db()
    assert published.status == "published"


def test_one_version_is_written_at_a_time(cast: Cast, published: RubricVersion) -> None:
    draft_open(rubric=published.rubric, actor=cast.clinicians[1])
    with pytest.raises(Refused, match="Version 2 is not published yet"):
        draft_open(rubric=published.rubric, actor=cast.clinicians[0])


def test_published_version_takes_no_text(cast: Cast, published: RubricVersion) -> None:
    with pytest.raises(Refused, match="can’t be changed"):
        save(published, cast.clinicians[0], rubric_text(title="Other"), revision=0)
