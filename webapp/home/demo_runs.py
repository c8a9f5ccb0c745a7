"""The runs of the demo: small ones, so that each station has something to look at.

They need the judge and the model that workers make after the first start. Each is queued as soon as
what it needs is there, once: a run that somebody stopped does not come back.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from django.db.models import Q

from annotation.corpus.set_query import SetQuery
from annotation.demo.written import SOURCE
from annotation.generation.critics import CriticChoice
from annotation.generation.services import generation_start
from annotation.judge_runs.services import judge_collection
from annotation.models import Collection, FitRun, GenerationRun, JudgeRun
from rubrics.core.spec import from_json
from rubrics.models import Judge
from training.demo.recording import Recording, kept
from training.demo.replay import base_of, replay_start
from training.demo.shape import RecordingBroken
from training.evaluation.services import evaluation_start
from training.models import Checkpoint, EvaluationRun, TrainingRun
from training.small.models import TRAINED
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.home.demo import LAST_STEP, PROJECT, TESTED_DIALOGUES, TESTED_REPLIES, demo_set
from webapp.llm.models import Endpoint
from webapp.runs.models import Run, Status

logger = logging.getLogger(__name__)

KEY, TESTED_DIALOGUES_KEY, TESTED_REPLIES_KEY = "demo", "demo-test", "demo-test-replies"
# Each situation suits both emotions, and whoever is drawn for it.
EMOTIONS = ("anxious", "apprehensive")
SITUATIONS = (
    "The doctor’s office rang: the results are in, and I should come by in person on Monday.",
    "My landlord wants to “have a word” on Friday, and the flat below was sold last month.",
    "Tomorrow I drive on the motorway for the first time since the accident.",
    "They are cutting two of the five jobs in our team. We hear on Thursday who goes.",
    "I have to speak at my brother’s funeral, and my voice stops each time I read it aloud.",
    "My son moves in with me next week. We have not lived together for eleven years.",
)
DIALOGUES, EXCHANGES, REVISIONS = 6, 2, 1
# The small model wanders less at this temperature.
TEMPERATURE = 0.5
# It hardly ever speaks of the profile, so that no reply passes the default level of this one.
NOT_REQUIRED = "Persona consistency"
JUDGED, PROMPTS = 60, 12


def go_on() -> None:
    """Queue each run that the demo does not have yet and that can start by now."""
    project = Project.objects.filter(name=PROJECT, deleted_at=None, archived_at=None).first()
    if project is None:
        return
    fit = FitRun.objects.filter(project=project, idempotency_key=LAST_STEP).first()
    if fit is None or fit.judge is None:
        return
    lead, judge, written = fit.created_by, fit.judge, _written(project)
    _judge_once(fit, KEY, lambda: written, limit=JUDGED)
    # On these it can be compared with people and with the authors: it learned from none of them.
    _judge_once(fit, TESTED_DIALOGUES_KEY, lambda: demo_set(project, lead, *TESTED_DIALOGUES))
    _judge_once(fit, TESTED_REPLIES_KEY, lambda: demo_set(project, lead, *TESTED_REPLIES))
    speaker = _speaker(project)
    if speaker is not None and not _was_begun(GenerationRun, project):
        _generation(fit, judge, speaker)
    if written is None:
        return
    if speaker is not None and not _was_begun(EvaluationRun, project):
        _evaluation(fit, judge, written, speaker)
    _recorded_run(fit, judge, written)


def _written(project: Project) -> Collection | None:
    query = SetQuery(source=SOURCE).to_json()
    return Collection.objects.filter(project=project, query=query).first()


def _judge_once(
    fit: FitRun, key: str, find: Callable[[], Collection | None], *, limit: int | None = None
) -> None:
    if JudgeRun.objects.filter(project=fit.project, idempotency_key=key).exists():
        return
    # What somebody has changed since then is theirs to keep.
    with suppress(Refused):
        collection = find()
        if collection is None or fit.judge is None:
            return
        judge_collection(
            project=fit.project,
            actor=fit.created_by,
            key=key,
            collection=collection,
            limit=limit,
            seed=1,
            version=fit.version,
            judge=fit.judge,
        )


def _speaker(project: Project) -> Endpoint | None:
    """The endpoint of the small language model that was trained to talk."""
    trained = Checkpoint.objects.filter(project=project, source=TRAINED.source)
    served = trained.filter(endpoint__archived_at=None).exclude(endpoint=None)
    found = served.select_related("endpoint").first()
    return found.endpoint if found else None


def _generation(fit: FitRun, judge: Judge, speaker: Endpoint) -> None:
    criteria = from_json(fit.version.spec.content).judge_criteria if fit.version.spec else ()
    lowest = {c.uid: c.level_values[0] for c in criteria if c.name == NOT_REQUIRED}
    # What somebody has changed, such as a removed endpoint, is theirs to keep.
    with suppress(Refused):
        generation_start(
            project=fit.project,
            actor=fit.created_by,
            key=KEY,
            supporter=speaker,
            simulator=speaker,
            count=DIALOGUES,
            emotions=EMOTIONS,
            situations=SITUATIONS,
            exchanges=EXCHANGES,
            temperature=TEMPERATURE,
            critic=CriticChoice(
                version=fit.version, judge=judge, thresholds=lowest, revisions=REVISIONS
            ),
        )


def _evaluation(fit: FitRun, judge: Judge, written: Collection, speaker: Endpoint) -> None:
    """The model's answers beside those of the corpus, on people that it was not trained on."""
    with suppress(Refused):
        evaluation_start(
            project=fit.project,
            actor=fit.created_by,
            key=KEY,
            collection=written,
            prompts=PROMPTS,
            version=fit.version,
            judges=[judge],
            endpoints=[speaker],
            with_corpus=True,
        )


def _recorded_run(fit: FitRun, judge: Judge, written: Collection) -> None:
    """A whole training run that was recorded, where the repository has one."""
    try:
        recording = kept()
        if recording is None or _is_shown(fit.project, recording):
            return
        base = base_of(fit.project, recording)
        if base is None:
            return
        replay_start(
            project=fit.project,
            actor=fit.created_by,
            key=_key_of(recording),
            recording=recording,
            collection=written,
            base=base,
            version=fit.version,
            judge=judge,
        )
    except (RecordingBroken, Refused) as reason:
        _say_once(f"The demo shows no recorded training run. {reason}")


def _is_shown(project: Project, recording: Recording) -> bool:
    """Whether this recording was begun, or another one and it did not fail: one of an earlier
    version fails if the update came before a worker read it."""
    begun = TrainingRun.objects.filter(project=project, recorded__isnull=False)
    return begun.filter(Q(idempotency_key=_key_of(recording)) | ~Q(status=Status.FAILED)).exists()


def _key_of(recording: Recording) -> str:
    return f"{KEY} {recording.sha256[:8]}"


@cache
def _say_once(words: str) -> None:
    """The clock asks every minute."""
    logger.warning(words)


def _was_begun(kind: type[Run], project: Project) -> bool:
    return kind._default_manager.filter(project=project, idempotency_key=KEY).exists()
