"""Real GRPO runs: from the service through the trainer to rows, killed and undisturbed alike."""

import pytest

from annotation.corpus.services import add_dialogues
from annotation.corpus.set_query import SetQuery
from annotation.formats.records import ParsedDialogue, plain_turn, supporter_turn
from annotation.sets.services import collection_create
from rubrics.demo.kardia import KARDIA
from tests.conftest import Cast
from tests.support import starter
from tests.support.dialogues import published
from tests.support.starter.corpus import dialogues
from tests.support.waiting import wait_until
from tests.support.worker import LEASE_S, TEST_TIMEOUT_S, kill_when, start_worker
from tests.training.runs.test_events import reward_by_step
from tests.training.runs.test_supervisor import is_alive
from tests.training.runs.worlds import GRPO, World, group_in, learned
from tests.training.trainer.folders import judge_on_grades
from training import supervisor
from training.models import Metric, TrainingRun
from training.paths import EVENTS, folder_of, weights_of
from training.queries.runs import state_of
from webapp.runs import services as runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(TEST_TIMEOUT_S),
    pytest.mark.django_db(transaction=True),
]
# Short, with a checkpoint at each step.
SMALL = {**GRPO, "steps": 4, "max_completion_tokens": 48, "save_every": 1}


@pytest.fixture
def ready(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> World:
    """Prompts of the starter's own corpus, and a judge fitted on its grades."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    project, lead = cast.project, cast.leads[0]
    for split, seed in (("train", 11), ("test", 12)):
        group = group_in(project, split)
        rows = [_parsed(row, group) for row in dialogues(4, seed, split=split)]
        add_dialogues(project=project, parsed=rows, source="corpus")
    return World(
        project=project,
        lead=lead,
        collection=collection_create(project=project, actor=lead, name="All", query=SetQuery()),
        version=published(project, KARDIA),
        judge=learned(project, lead, judge_on_grades(40, 0)),
        base=starter.register(project=project, actor=lead),
    )


def _parsed(row: dict, group: str) -> ParsedDialogue:
    return ParsedDialogue(
        source_key=row["id"],
        turns=tuple(
            supporter_turn(turn["raw"])[0]
            if turn["role"] == "supporter"
            else plain_turn("seeker", turn["text"])
            for turn in row["turns"][:2]
        ),
        split_group=group,
        situation=row["situation"],
        emotion=row["emotion"],
        profile_text=row["profile"]["text"],
        mbti="",
        username=row["profile"]["username"],
    )


def start(ready: World) -> TrainingRun:
    return ready.start(grpo=SMALL, prompts=4, held_out_prompts=4, seed=3)


def test_a_run_trains_measures_and_leaves_a_checkpoint_and_a_killed_one_repeats_it(
    ready: World, settings
) -> None:
    settings.RUN_LEASE_S = LEASE_S
    whole, killed = start(ready), start(ready)
    supervisor.work(str(whole.pk))
    whole.refresh_from_db()
    assert (whole.status, whole.error) == ("succeeded", "")
    _has_all_its_rows(whole)

    worker = start_worker(
        "tests.training.runs.workers:work_held", killed.pk, STEP="2", RUNS_IN=str(settings.VAR_DIR)
    )
    kill_when(worker, lambda: _has_told(killed, 2))
    pid = _trainer_of(killed)
    wait_until(lambda: not is_alive(pid), "the end of the trainer")
    assert not {3, 4} & set(reward_by_step(killed))
    wait_until(lambda: runs.reap() == 1, "the lease to run out")
    supervisor.work(str(killed.pk))

    killed.refresh_from_db()
    assert (killed.status, killed.attempt) == ("succeeded", 2)
    for name in ("reward", "rubric", "kl", "length"):
        assert _series(killed, name) == _series(whole, name)
    assert _replies(killed) == _replies(whole)


def _has_all_its_rows(run: TrainingRun) -> None:
    assert list(reward_by_step(run)) == [1, 2, 3, 4]
    assert run.rollouts.count() == 4 * 2 * 4
    for row in run.rollouts.all():
        parts = (row.format + (row.emotion_match or 0) + (row.rubric or 0)) / 3
        assert row.rubric is not None and row.reward == pytest.approx(parts)
    state = state_of(run)
    assert state.charts.main is not None
    assert [row.step for row in state.checkpoints] == [4, 3, 2, 1]
    last = weights_of(state.checkpoints[0])
    assert (last / "model.safetensors").exists() and last.name == "final"


def _series(run: TrainingRun, name: str) -> dict[int, float]:
    rows = Metric.objects.filter(run=run, name=name).order_by("step")
    return dict(rows.values_list("step", "value"))


def _replies(run: TrainingRun) -> list[tuple]:
    rows = run.rollouts.order_by("step", "prompt_id", "index")
    return list(rows.values_list("step", "prompt_id", "index", "raw", "reward", "advantage"))


def _has_told(run: TrainingRun, step: int) -> bool:
    path = folder_of(run) / EVENTS
    return path.exists() and f'"metrics", "step": {step},' in path.read_text(errors="replace")


def _trainer_of(run: TrainingRun) -> int:
    """The process of the first attempt, as its own first event tells it."""
    first = next(supervisor.new_events(TrainingRun(event_offset=0), folder_of(run)))[0]
    return int(first[1]["pid"])
