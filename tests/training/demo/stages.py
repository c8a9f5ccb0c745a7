"""A project like the demo's: written dialogues, the published rubric, a fitted judge, the base."""

from annotation.corpus.services import add_dialogues
from annotation.corpus.set_query import SetQuery
from annotation.demo.written import SOURCE
from annotation.sets.services import collection_create
from rubrics.demo.kardia import KARDIA
from rubrics.judging.learned import LearnedJudge
from tests.support.dialogues import published
from tests.training.demo.folders import chosen
from tests.training.runs.worlds import World, learned
from training.demo.recording import load
from training.demo.replay import replay_start
from training.models import Checkpoint, TrainingRun
from webapp.accounts.models import Project, User


def stage(
    project: Project, lead: User, fitted: LearnedJudge, *, model: str = "small-1234"
) -> World:
    # Others first: a prompt has another number than in the corpus.
    dialogues = [each.dialogue for each in chosen()]
    add_dialogues(project=project, parsed=dialogues[:2], source="elsewhere")
    add_dialogues(project=project, parsed=dialogues[::-1], source=SOURCE)
    return World(
        project=project,
        lead=lead,
        collection=collection_create(
            project=project, actor=lead, name="Written", query=SetQuery(source=SOURCE)
        ),
        version=published(project, KARDIA),
        judge=learned(project, lead, fitted),
        base=small_model(project, model),
    )


def small_model(project: Project, folder: str) -> Checkpoint:
    return Checkpoint.objects.create(
        project=project,
        number=1,
        name="Small",
        origin=Checkpoint.Origin.PACKAGE,
        source="small 1",
        path=f"weights/small/{folder}",
        sha256="ab" * 32,
    )


def start(ready: World, *, key: str = "recorded") -> TrainingRun:
    recording = load()
    assert recording is not None
    return replay_start(
        project=ready.project,
        actor=ready.lead,
        key=key,
        recording=recording,
        collection=ready.collection,
        base=ready.base,
        version=ready.version,
        judge=ready.judge,
    )
