"""Training runs that end with an evaluation: the stub trains, a scripted server answers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from rubrics.judges.services import judge_create_llm
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support import starter
from tests.support.evaluations import cold, prompts, rated_corpus, warm
from tests.support.generation import endpoint
from tests.support.judge_runs import llm_judge
from tests.support.servers import Stub, serve
from tests.support.worker import hold_until_killed
from tests.training.runs import workers
from tests.training.runs.worlds import World
from training import supervisor
from training.checkpoints.serving import served_name
from training.evaluation import work
from training.models import Checkpoint, EvaluationRun, TrainingRun
from webapp.llm.services import endpoint_create


def second_judge(ready: World) -> Judge:
    """One that was never a reward."""
    server = endpoint_create(
        project=ready.project,
        actor=ready.lead,
        name="Second server",
        base_url="http://127.0.0.1:9/v1",
        model="second-model",
    )
    return judge_create_llm(project=ready.project, actor=ready.lead, name="Second", endpoint=server)


def train(run: TrainingRun, monkeypatch: Any) -> None:
    """Work on a run to its end, with the stub for a trainer and the starter for what it made."""
    monkeypatch.setattr(supervisor, "PROGRAM", workers.stub("finish"))
    ending_start = supervisor.ending_start

    def with_weights(**arguments: Any) -> EvaluationRun:
        weigh(run)
        return ending_start(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(supervisor, "ending_start", with_weights)
        supervisor.work(str(run.pk))
    weigh(run)
    run.refresh_from_db()


def weigh(run: TrainingRun) -> None:
    """Checkpoints of the stub have no files: give them those of the starter."""
    Checkpoint.objects.filter(run=run).update(path=str(starter.FOLDER))


def work_held_at_the_end(run_id: str) -> None:
    """What a killed worker does: it trains, and is held while it starts the evaluation (PLACE is
    "inside") or right after it did ("after")."""
    supervisor.PROGRAM = workers.stub("finish")
    ending_start, start_evaluation = supervisor.ending_start, supervisor.start_evaluation

    def start_and_hold(**arguments: Any) -> EvaluationRun:
        weigh(arguments["run"])
        started = ending_start(**arguments)
        if os.environ["PLACE"] == "inside":
            hold_until_killed()
        return started

    def hold_after(claim: Any) -> None:
        start_evaluation(claim)
        hold_until_killed()

    supervisor.ending_start, supervisor.start_evaluation = start_and_hold, hold_after
    workers.work(run_id)


@contextmanager
def local_server(speak: Any) -> Iterator[Stub]:
    """The local model server is a script."""
    stub, before = Stub(speak), settings.LOCAL_MODEL_URL
    with serve(stub.app) as url:
        settings.LOCAL_MODEL_URL = url
        try:
            yield stub
        finally:
            settings.LOCAL_MODEL_URL = before


def world_with_two_judges(cast: Cast) -> tuple[World, Judge]:
    """Six held-out prompts of a person each, a reward behind a server that nobody asks, and a
    learned judge beside it."""
    version, learned = rated_corpus(cast)
    server = endpoint(cast, "http://127.0.0.1:9/v1", name="Reward's server")
    ready = World(
        project=cast.project,
        lead=cast.leads[0],
        collection=prompts(cast),
        version=version,
        judge=llm_judge(cast, server),
        base=starter.register(project=cast.project, actor=cast.leads[0]),
    )
    return ready, learned


def evaluated(cast: Cast, monkeypatch: Any) -> TrainingRun:
    """A finished run whose evaluation is finished, too: it made the model warm."""
    ready, learned = world_with_two_judges(cast)
    run = ready.start(held_out_prompts=100, evaluation_judges=[learned])
    base = served_name(ready.base)

    def speak(body: dict[str, Any], count: int) -> Any:
        return (cold if body["model"] == base else warm)(body, count)

    with local_server(speak):
        train(run, monkeypatch)
        work.work(str(run.evaluation.pk))
    return TrainingRun.objects.get(pk=run.pk)
