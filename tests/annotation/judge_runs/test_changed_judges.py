"""A judge whose endpoint leads elsewhere by now: nothing is started or continued with it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.difficulty import work as measuring
from annotation.generation import work as generation
from annotation.impact.services import impact_start, playground_start
from annotation.judge_runs import work as judging
from annotation.models import DifficultyRun, GenerationCritic, JudgeRun
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.difficulty import everything
from tests.support.difficulty import planned as measured
from tests.support.generation import corpus, endpoint
from tests.support.judge_runs import judge_run, llm_judge, texts, version_of
from tests.support.pages import html_of
from tests.support.refinement import refining_run
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs import services as runs
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(cast: Cast) -> Endpoint:
    """It never answers: who asks it has not looked first."""
    return endpoint(cast, "http://127.0.0.1:9/v1")


@pytest.fixture
def judge(cast: Cast, server: Endpoint) -> Judge:
    return llm_judge(cast, server)


@pytest.fixture
def version(cast: Cast) -> RubricVersion:
    texts(cast, 2)
    return version_of(cast)


def move(*judges: Judge) -> None:
    """The endpoint of these judges is another model from now on."""
    Endpoint.objects.filter(pk__in=[judge.endpoint_id for judge in judges]).update(model="another")
    for judge in judges:
        judge.refresh_from_db()


def is_refused(do: Callable[[], object]) -> bool:
    with pytest.raises(Refused) as refused:
        do()
    return refused.value.code == "judge_changed"


def failed(run: Run) -> bool:
    """Whether the run ended with the reason, and nobody was asked."""
    run.refresh_from_db()
    assert "Create the next version" in run.error, run.error
    return run.status == "failed" and not ModelCall.objects.exists()


def test_a_judge_run(cast: Cast, judge: Judge, version: RubricVersion) -> None:
    run = judge_run(cast, version, judge)
    move(judge)
    assert is_refused(lambda: judge_run(cast, version, judge))
    assert JudgeRun.objects.count() == 1
    judging.work(str(run.pk))
    assert failed(run)
    assert is_refused(lambda: runs.resume(run, actor=cast.leads[0]))
    assert not run.items.exclude(state="waiting").exists()


def test_a_difficulty_run(cast: Cast, judge: Judge, version: RubricVersion) -> None:
    speaker = endpoint(cast, "http://127.0.0.1:9/v1", name="Speaker")

    def start() -> DifficultyRun:
        return measured(cast, everything(cast), version, judge, speaker)

    run = start()
    move(judge)
    assert is_refused(start)
    measuring.work(str(run.pk))
    assert failed(run)
    assert is_refused(lambda: runs.resume(run, actor=cast.leads[0]))


def test_the_critic_of_a_generation(cast: Cast, server: Endpoint) -> None:
    corpus(cast)
    speaker = endpoint(cast, "http://127.0.0.1:9/v1", name="Speaker")
    run = refining_run(cast, speaker, critic_is={"judge": llm_judge(cast, server)})
    critic = GenerationCritic.objects.get(run=run)
    move(critic.judge)
    assert is_refused(lambda: refining_run(cast, speaker, critic_is={"judge": critic.judge}))
    generation.work(str(run.pk))
    assert failed(run)
    assert is_refused(lambda: runs.resume(run, actor=cast.leads[0]))


@pytest.mark.parametrize(
    ("start", "asked"),
    [(playground_start, {}), (impact_start, {"sample": "all"})],
    ids=["playground", "impact"],
)
def test_trials_of_a_draft(
    cast: Cast, judge: Judge, version: RubricVersion, start: Any, asked: dict[str, str]
) -> None:
    move(judge)
    key = new_id().hex
    assert is_refused(
        lambda: start(version=version, actor=cast.clinicians[0], key=key, judge=judge, **asked)
    )


@pytest.mark.slow
def test_pages_offer_the_next_version(
    cast: Cast, judge: Judge, version: RubricVersion, client: Client
) -> None:
    run = judge_run(cast, version, judge)
    move(judge)
    judging.work(str(run.pk))
    client.force_login(cast.leads[0])
    project = [cast.project.pk]
    renew = reverse("judge_renew", args=[*project, judge.pk])
    pages = [
        reverse("judge_run", args=[*project, run.pk]),
        *(
            reverse(name, args=project)
            for name in (
                "judging", "judge_run_new", "training_new", "evaluation_new", "difficulty_new",
                "generation_new",
            )
        ),
    ]  # fmt: skip
    for page in pages:
        assert renew in html_of(client.get(page)), page
    shown = html_of(client.post(renew, follow=True))
    assert "Reader v2 was created. Choose it for new runs." in shown
    for page in pages[1:]:
        assert renew not in html_of(client.get(page)), page
    # The old run still says why it can't go on.
    assert "was made for the model" in html_of(client.get(pages[0]))


def test_who_may_not_make_judges_is_not_offered_it(
    cast: Cast, judge: Judge, client: Client
) -> None:
    move(judge)
    client.force_login(cast.clinicians[0])
    shown = html_of(client.get(reverse("judging", args=[cast.project.pk])))
    assert "A lead can create the next version." in shown and "/renew/" not in shown
