"""Starting an evaluation: what is refused, and what is frozen."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rubrics.judges.services import judge_create_llm
from rubrics.models import Judge, RubricVersion
from tests.support import starter
from tests.support.dialogues import published
from tests.support.judge_runs import RUBRIC
from tests.support.pages import html_of
from tests.training.runs.worlds import SFT, World
from training.evaluation.limits import CORPUS
from training.evaluation.services import evaluation_start
from training.models import Answer, AnswerRating, Checkpoint, EvaluationRun
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm.services import endpoint_archive

pytestmark = pytest.mark.django_db


def asked(ready: World, **changes):
    return {
        "project": ready.project,
        "actor": ready.lead,
        "key": new_id().hex,
        "collection": ready.collection,
        "prompts": 3,
        "version": ready.version,
        "judges": [ready.judge],
        "endpoints": [ready.judge.endpoint],
        "with_corpus": True,
        **changes,
    }


def test_an_evaluation_freezes_the_test_split(ready: World) -> None:
    run = evaluation_start(**asked(ready, seed=5))
    assert [str(system) for system in run.systems.all()] == ["Judge's server", CORPUS]
    assert Answer.objects.filter(system__run=run).count() == 2 * 3
    members = run.snapshot.members
    assert set(members.values_list("target__turn__dialogue__split", flat=True)) == {"test"}
    assert run.spec == ready.version.spec
    assert [row.is_reward for row in run.judges.all()] == [False]
    assert Entry.objects.filter(action="evaluation.started", object_id=run.pk).count() == 1


def test_the_same_key_is_the_same_evaluation(ready: World) -> None:
    first, second = (evaluation_start(**asked(ready, key="twice")) for _ in range(2))
    assert first == second and Answer.objects.count() == 6


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"judges": []}, "judges"),
        ({"endpoints": [], "with_corpus": False}, "systems"),
        ({"prompts": 0}, "prompts"),
        ({"max_tokens": 1}, "max_tokens"),
        ({"temperature": -1.0}, "temperature"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_is_outside_its_limits_is_refused(ready: World, changes: dict, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready, **changes))
    assert refusal.value.code == code
    assert not EvaluationRun.objects.exists()


def test_no_model_is_measured_by_its_reward_alone(ready: World) -> None:
    ready.start()
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready))
    assert refusal.value.code == "only_reward"
    # The same judge under another name.
    again = judge_create_llm(
        project=ready.project, actor=ready.lead, name="Again", endpoint=ready.judge.endpoint
    )
    Judge.objects.filter(pk=again.pk).update(hash=ready.judge.hash)
    again.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready, judges=[ready.judge, again]))
    assert refusal.value.code == "only_reward"


def test_the_reward_is_found_through_all_that_a_model_was_trained_from(ready: World) -> None:
    run = ready.start()
    trained = Checkpoint.objects.create(
        project=ready.project, number=50, name="trained", origin="run", run=run, step=4,
        path=str(starter.FOLDER), sha256="0" * 64,
    )  # fmt: skip
    again = ready.start(sft=SFT, grpo=None, base=trained)
    served = Checkpoint.objects.create(
        project=ready.project, number=51, name="again", origin="run", run=again, step=4,
        path=str(starter.FOLDER), sha256="0" * 64, endpoint=ready.judge.endpoint,
    )  # fmt: skip
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready))
    assert refusal.value.code == "only_reward"
    # The starter was trained on nobody's scores.
    Checkpoint.objects.filter(pk=served.pk).update(endpoint=None)
    Checkpoint.objects.filter(pk=ready.base.pk).update(endpoint=ready.judge.endpoint)
    assert evaluation_start(**asked(ready)).judges.get().is_reward is False


def test_the_corpus_may_be_measured_by_any_judge(ready: World) -> None:
    ready.start()
    assert evaluation_start(**asked(ready, endpoints=[])).systems.count() == 1


def test_no_model_is_called_like_the_corpus(ready: World) -> None:
    endpoint = ready.judge.endpoint
    endpoint.name = CORPUS
    endpoint.save()
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready))
    assert refusal.value.code == "name"


def test_a_removed_endpoint_is_refused(ready: World) -> None:
    endpoint = ready.judge.endpoint
    endpoint_archive(endpoint=endpoint, actor=ready.lead)
    endpoint.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready))
    assert refusal.value.code == "no_endpoint"


def test_an_unpublished_version_is_refused(ready: World) -> None:
    draft = RubricVersion.objects.create(
        project=ready.project, rubric=ready.version.rubric, number=2, draft=ready.version.draft
    )
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready, version=draft))
    assert refusal.value.code == "not_published"


def test_a_judge_that_learned_other_words_is_refused(ready: World, monkeypatch) -> None:
    monkeypatch.setattr(ready.judge, "kind", "learned")
    with pytest.raises(Refused) as refusal:
        evaluation_start(**asked(ready, version=published(ready.project, RUBRIC)))
    assert refusal.value.code == "not_fitted"


def test_a_finished_evaluation_says_how_many_answers_and_ratings_failed(
    ready: World, client: Client
) -> None:
    """3 prompts, one system and the corpus: 6 answers, of which one failed, and 5 ratings."""
    run = evaluation_start(**asked(ready))
    failed, unrated, *_ = Answer.objects.filter(system__run=run, system__endpoint=None)
    Answer.objects.filter(pk=failed.pk).update(error="It is gone.", ended_at=timezone.now())
    AnswerRating.objects.create(
        project=ready.project, answer=unrated, judge=ready.judge, error="No JSON."
    )
    EvaluationRun.objects.filter(pk=run.pk).update(status="succeeded")
    client.force_login(ready.lead)
    for page in (
        reverse("evaluations", args=[ready.project.pk]),
        reverse("evaluation", args=[ready.project.pk, run.pk]),
    ):
        assert "Finished, 2 of 11 failed" in html_of(client.get(page))
