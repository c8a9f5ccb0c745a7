"""What stands without a decision is what the reference of people is."""

from collections.abc import Sequence

import pytest

from annotation.adjudication.drafts import Answer, Given
from annotation.ratings.drafts import NOT_APPLICABLE
from rubrics.core.spec import CriterionSpec, from_json
from tests.support.desk import Desk


@pytest.fixture
def empathy(at_desk: Desk) -> CriterionSpec:
    return from_json(at_desk.version.spec.content).judge_criteria[0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("answers", "settled"),
    [
        ([3, 3], 3),
        ([3, 4], None),
        ([2, 3, 3], 3),
        ([3, 3, 3, 4], 3),
        ([3, 3, 4, 4], None),
        # Within the limit of 2 levels, and not.
        ([1, 2, 2, 3], None),
        ([NOT_APPLICABLE, NOT_APPLICABLE], NOT_APPLICABLE),
        ([NOT_APPLICABLE, 3], None),
        ([NOT_APPLICABLE, NOT_APPLICABLE, 3], None),
        ([], None),
    ],
)
def test_the_first_draft_has_what_people_have_in_common(
    empathy: CriterionSpec, answers: Sequence[Answer], settled: Answer | None
) -> None:
    assert Given(empathy, answers, needed=2).settled == settled
