"""Start judge runs: one judge, one published version, one snapshot."""

from django.db import transaction

from annotation.models import JudgeItem, JudgeRun, Snapshot
from rubrics.models import Judge, RubricVersion
from webapp.accounts.models import Project, User
from webapp.errors import Refused
from webapp.runs import services as runs


def judge_start(
    *,
    project: Project,
    actor: User,
    key: str,
    snapshot: Snapshot,
    version: RubricVersion,
    judge: Judge,
) -> JudgeRun:
    """Queue a judge run over a snapshot's members. The same `key` returns the run there is."""
    if version.spec is None:
        raise Refused("Publish the version first: runs use published text.", code="not_published")
    with transaction.atomic():
        run = runs.start(
            JudgeRun,
            project=project,
            actor=actor,
            key=key,
            snapshot=snapshot,
            version=version,
            spec=version.spec,
            judge=judge,
        )
        if not run.items.exists():
            members = snapshot.members.order_by("position").values_list("position", "target_id")
            JudgeItem.objects.bulk_create(
                (
                    JudgeItem(project=project, run=run, position=position, target_id=target)
                    for position, target in members
                ),
                batch_size=2000,
            )
    return run
