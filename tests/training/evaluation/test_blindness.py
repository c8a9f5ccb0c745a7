"""Whoever still has to rate a text sees no score of it in an evaluation."""

import pytest
from django.test import Client
from django.urls import reverse

from annotation.calls.queries import visible_calls
from annotation.queues.services import queue_create
from rubrics.models import JudgeCall
from tests.conftest import Cast
from tests.support.evaluations import PROMPTS, model, planned, prompts, rated_corpus, warm
from tests.support.pages import html_of
from training.evaluation import live, queries, work
from training.models import Answer, EvaluationRun
from webapp.accounts.access import Member
from webapp.llm.models import Endpoint, ModelCall

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(cast: Cast) -> EvaluationRun:
    version, judge = rated_corpus(cast)
    collection = prompts(cast)
    with model(cast, "Warm", warm) as (warm_at, _):
        run = planned(cast, collection, version, [judge], [warm_at])
        work.work(str(run.pk))
    run.refresh_from_db()
    return run


@pytest.fixture
def blind(cast: Cast, run: EvaluationRun) -> Member:
    """A lead who rates as well, with every prompt of the evaluation on the desk."""
    rater = cast.leads[1]
    queue_create(
        project=cast.project,
        actor=cast.leads[0],
        name="Prompts",
        snapshot=run.snapshot,
        version=run.version,
        raters=[rater],
        overlap=1,
    )
    return cast.member(rater)


def test_the_corpus_is_the_turn_itself(cast: Cast, run: EvaluationRun) -> None:
    corpus = Answer.objects.filter(system__run=run, system__endpoint=None)
    assert all(answer.target_id == answer.prompt_id for answer in corpus)


def test_nothing_of_a_hidden_prompt_is_shown(
    client: Client, cast: Cast, run: EvaluationRun, blind: Member
) -> None:
    assert queries.tables_of(run, blind) == []
    state = queries.state_of(run, blind)
    assert (state.hidden, state.views) == (PROMPTS, [])
    assert "Results by" not in "".join(live.render(run, blind))
    client.force_login(blind.user)
    where = {"project_id": run.project_id, "run_id": run.pk}
    page = html_of(client.get(reverse("evaluation_answers", kwargs=where)))
    assert "You still have to rate this text or judge" in page and "Learned v1: " not in page
    csv = client.get(reverse("evaluation_export", kwargs={**where, "form": "csv"}))
    assert len(csv.content.decode().splitlines()) == 1
    api = {"project_id": run.project_id, "id": run.pk}
    assert client.get(reverse("api_evaluation_answers", kwargs=api)).json()["results"] == []
    assert client.get(reverse("api_evaluation_retrieve", kwargs=api)).json()["tables"] == []


def test_the_calls_about_it_are_hidden_too(cast: Cast, run: EvaluationRun, blind: Member) -> None:
    """Also what judges gave to the answers of models."""
    endpoint = Endpoint.objects.get(project=cast.project, name="Warm")
    for call in JudgeCall.objects.filter(run_id=run.pk):
        ModelCall.objects.create(
            project=cast.project,
            endpoint=endpoint,
            purpose="judge",
            request={},
            made_for=call.pk,
            run_id=run.pk,
        )
    calls = visible_calls(cast.member(cast.leads[0])).filter(run_id=run.pk)
    # The model's answers, and one judge's call for each answer of both systems.
    assert calls.count() == PROMPTS + 2 * PROMPTS
    assert not visible_calls(blind).filter(run_id=run.pk).exists()


def test_others_see_it_all(cast: Cast, run: EvaluationRun, blind: Member) -> None:
    [table] = queries.tables_of(run, cast.member(cast.leads[0]))
    assert table.n == PROMPTS
