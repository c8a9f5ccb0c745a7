"""What a list of judges says of each judge on the battery."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import template

from annotation.batteries.queries import JudgeOnBattery, on_battery
from annotation.judge_runs.queries import ListedJudge
from rubrics.models import Judge
from webapp.accounts.access import Member
from webapp.ids import new_id

register = template.Library()


@register.simple_tag
def battery_verdicts(
    member: Member, judges: Sequence[ListedJudge]
) -> Mapping[UUID, JudgeOnBattery]:
    """The judges' latest verdicts, to be shown one by one with `battery_verdict`."""
    return on_battery(member.project, [listed.judge for listed in judges])


@register.inclusion_tag("batteries/_verdict.html")
def battery_verdict(
    member: Member, verdicts: Mapping[UUID, JudgeOnBattery], judge: Judge
) -> dict[str, Any]:
    """The latest verdict of one judge with a link to its run, and for those who may a button that
    starts the next."""
    found, key = verdicts[judge.pk], new_id().hex
    return {"member": member, "judge": judge, "found": found, "key": key}
