"""The runs of the demo, so that each station has something to look at.

They need what workers make after the first start, such as the judge. Each is queued as soon as that
is there, once: a run that somebody stopped does not come back.
"""

from contextlib import suppress

from annotation.corpus.set_query import SetQuery
from annotation.demo.written import SOURCE
from annotation.judge_runs.services import judge_collection
from annotation.models import Collection, FitRun, JudgeRun
from webapp.accounts.models import Project
from webapp.errors import Refused
from webapp.home.demo import LAST_STEP, PROJECT

KEY = "demo"
JUDGED = 60


def go_on() -> None:
    """Queue each run that the demo does not have yet and that can start by now."""
    project = Project.objects.filter(name=PROJECT, deleted_at=None, archived_at=None).first()
    if project is None:
        return
    fit = FitRun.objects.filter(project=project, idempotency_key=LAST_STEP).first()
    query = SetQuery(source=SOURCE).to_json()
    written = Collection.objects.filter(project=project, query=query).first()
    if fit is None or fit.judge is None or written is None:
        return
    if JudgeRun.objects.filter(project=project, idempotency_key=KEY).exists():
        return
    # What somebody has changed since then is theirs to keep.
    with suppress(Refused):
        judge_collection(
            project=project,
            actor=fit.created_by,
            key=KEY,
            collection=written,
            limit=JUDGED,
            seed=1,
            version=fit.version,
            judge=fit.judge,
        )
