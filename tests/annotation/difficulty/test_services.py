"""What a start of a difficulty run takes, and what it refuses."""

import pytest
from django.utils import timezone

from annotation.corpus.set_query import SetQuery
from annotation.models import DifficultyRun, Snapshot
from annotation.sets.services import collection_create
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.difficulty import everything, planned
from tests.support.evaluations import rated_corpus
from tests.support.generation import endpoint
from webapp.audit.models import Entry
from webapp.errors import Refused

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def taught(cast: Cast) -> tuple[RubricVersion, Judge]:
    return rated_corpus(cast)


def test_the_same_key_is_the_same_run(cast: Cast, taught) -> None:
    at, collection = endpoint(cast, "http://127.0.0.1:1/v1"), everything(cast)
    first, second = (
        planned(cast, collection, *taught, at, key="once", prompts=5) for _ in range(2)
    )
    assert first == second and DifficultyRun.objects.count() == Snapshot.objects.count() == 1
    assert first.prompts.count() == 5
    # What was not chosen has the level in the middle, as with a critic.
    assert first.thresholds == {"format": 1, "warmth": 2, "asks": 1}
    assert Entry.objects.filter(action="difficulty.started").count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"prompts": 0}, "prompts"),
        ({"replies": 1}, "replies"),
        ({"replies": 33}, "replies"),
        ({"temperature": 0.0}, "temperature"),
        ({"max_tokens": 1}, "max_tokens"),
        ({"seed": -1}, "seed"),
        ({"split": "gold"}, "split"),
        ({"split": "validation"}, "empty_split"),
        ({"thresholds": {"warmth": 9}}, "thresholds"),
        ({"key": ""}, "key"),
    ],
)
def test_what_it_refuses(cast: Cast, taught, changes, code) -> None:
    at = endpoint(cast, "http://127.0.0.1:1/v1")
    with pytest.raises(Refused) as refused:
        planned(cast, everything(cast), *taught, at, **changes)
    assert refused.value.code == code
    assert not DifficultyRun.objects.exists() and not Snapshot.objects.exists()


def test_it_needs_an_endpoint_a_judge_and_all_splits(cast: Cast, taught) -> None:
    version, judge = taught
    at = endpoint(cast, "http://127.0.0.1:1/v1")
    one = collection_create(
        project=cast.project, actor=cast.leads[0], name="One", query=SetQuery(split="train")
    )
    with pytest.raises(Refused, match="one split only"):
        planned(cast, one, version, judge, at)
    at.archived_at = timezone.now()
    with pytest.raises(Refused, match="Choose an endpoint"):
        planned(cast, everything(cast), version, judge, at)
    at.archived_at = None
    version.status = RubricVersion.Status.DRAFT
    with pytest.raises(Refused, match="Publish the version first"):
        planned(cast, everything(cast), version, judge, at)
