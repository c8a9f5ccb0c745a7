"""What people who write rubrics say about them: threads hang on the rubric, on a criterion by its
uid or on a level of it, and so follow them from version to version."""

import re
from collections.abc import Collection
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
    live.register(Kind(KIND, access.WRITERS, _project_of, _require_seen, _places))


def _project_of(rubric_id: UUID) -> UUID:
    return Rubric.objects.values_list("project_id", flat=True).get(pk=rubric_id)


def _require_seen(member: Member, rubric_id: UUID) -> None:
    access.rubric_for(member, rubric_id)


def _places(member: Member, rubric_id: UUID, anchors: Collection[str]) -> dict[str, str]:
    found = {anchor: _PLACE.fullmatch(anchor) for anchor in anchors}
    names = _names(member, rubric_id) if any(found.values()) else {}
    places = {}
    for anchor, match in found.items():
        if match:
            # A criterion that was just written, and is saved in a moment, has no name yet.
            name = names.get(match["criterion"] or match["of"]) or "A criterion"
            places[anchor] = f"{name}, level {match['level']}" if match["level"] else name
        elif not anchor:
            places[anchor] = "The rubric"
    return places


def _names(member: Member, rubric_id: UUID) -> dict[str, str]:
    """What the newest version that has a criterion calls it, by uid."""
    names: dict[str, str] = {}
    versions = access.versions_with_texts(member, access.rubric_for(member, rubric_id))
    for version in versions:
        is_gone = "" if version is versions[0] else " (removed)"
        for criterion in spec_of(version).criteria:
            names.setdefault(criterion.uid, criterion.name.strip() + is_gone)
    return names
