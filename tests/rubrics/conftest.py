import pytest

from rubrics.models import Rubric, RubricVersion
from rubrics.versions.services import version_approve, version_publish, version_send_for_review
from rubrics.writing.services import rubric_create
from tests.conftest import Cast
from tests.support.browser import browser_type_launch_args, studio  # noqa: F401
from tests.support.rubric_texts import rubric_text


@pytest.fixture
def rubric(cast: Cast) -> Rubric:
    """A rubric whose version 1 is a draft by the first clinician, ready to be published."""
    return rubric_create(
        project=cast.project, actor=cast.clinicians[0], name="Warmth", content=rubric_text()
    )


@pytest.fixture
def draft(rubric: Rubric) -> RubricVersion:
    return rubric.versions.get()


@pytest.fixture
def published(cast: Cast, draft: RubricVersion) -> RubricVersion:
    """Version 1, written by one clinician and approved by the other."""
    version_send_for_review(version=draft, actor=cast.clinicians[0])
    version_approve(version=draft, actor=cast.clinicians[1])
    return version_publish(version=draft, actor=cast.clinicians[0], change_note="The first one.")
