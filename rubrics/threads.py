"""What people who write rubrics say about them: threads hang on the rubric, on a criterion by its
uid or on a level of it, and so follow them from version to version."""

import re
from uuid import UUID

from rubrics import access
from rubrics.models import Rubric
from rubrics.queries import spec_of
from webapp.accounts.access import Member
from webapp.threads import live
from webapp.threads.registry import Kind

KIND = "rubric"
_PLACE = re.compile(
    r"criterion:(?P<criterion>[^\0\n]{1,64})"
    r"|level:(?P<of>[^\0\n]{1,64}):(?P<level>-?\d{1,5})"
)


def register() -> None:
    live.register(Kind(KIND, access.WRITERS, _project_of, _require_seen, _place))


def _project_of(rubric_id: UUID) -> UUID:
    return Rubric.objects.values_list("project_id", flat=True).get(pk=rubric_id)


def _require_seen(member: Member, rubric_id: UUID) -> None:
    access.rubric_for(member, rubric_id)


def _place(member: Member, rubric_id: UUID, anchor: str) -> str | None:
    """A criterion that was just written, and is saved in a moment, has no name yet."""
    if not anchor:
        return "The rubric"
    found = _PLACE.fullmatch(anchor)
    if found is None:
        return None
    uid = found["criterion"] or found["of"]
    name = _name_of(member, rubric_id, uid) or "A criterion"
    return f"{name}, level {found['level']}" if found["level"] else name


def _name_of(member: Member, rubric_id: UUID, uid: str) -> str:
    """What the newest version that has the criterion calls it."""
    for version in access.versions_with_texts(member, access.rubric_for(member, rubric_id)):
        for criterion in spec_of(version).criteria:
            if criterion.uid == uid:
                return criterion.name.strip()
    return ""
