"""Who wrote which place of a draft last."""

from collections.abc import Collection, Iterable
from uuid import UUID

from rubrics.core.merge import Place
from rubrics.core.spec import RubricSpec
from rubrics.models import DraftField, RubricVersion
from webapp.accounts.models import User


class Authorship:
    """The authors of some places of a draft, read once."""

    def __init__(self, version: RubricVersion, places: Collection[Place]) -> None:
        uids = {place.uid for place in places}
        self.version = version
        self.rows = list(
            DraftField.objects.filter(version=version, uid__in=uids)
            .select_related("author")
            .order_by("-revision")
        )

    def latest(self, place: Place) -> DraftField | None:
        """The last change at this place, or at one that holds it or is held by it."""
        return next((row for row in self.rows if row.place.overlaps(place)), None)

    def name(self, place: Place) -> str:
        """Who wrote what is at this place now, as far as it is known."""
        row = self.latest(place)
        return str(row.author if row else self.version.saved_by or "Somebody")

    def replaced(self, place: Place, user: User) -> bool:
        """Whether the last change at this place replaced what `user` wrote."""
        row = self.latest(place)
        return row is not None and row.replaced_id == user.pk


def record_authors(
    version: RubricVersion, actor: User, places: Collection[Place], text: RubricSpec
) -> None:
    """Note that `actor` wrote these places in the version's present revision. The caller has
    locked the version."""
    known = Authorship(version, places)
    by_place = {row.place: row for row in known.rows}
    made, changed = [], []
    for place in places:
        row = by_place.get(place)
        replaced = _replaced(known.latest(place), row, actor)
        if row is None:
            row = DraftField(
                project_id=version.project_id,
                version=version,
                uid=place.uid,
                field=place.field,
                level=place.level,
            )
            made.append(row)
        else:
            changed.append(row)
        row.author, row.replaced_id, row.revision = actor, replaced, version.revision
    DraftField.objects.bulk_create(made)
    DraftField.objects.bulk_update(changed, ["author", "replaced", "revision"])
    _forget(version, places, kept=(c.uid for c in text.criteria))


def _replaced(latest: DraftField | None, row: DraftField | None, actor: User) -> UUID | None:
    """Whose text is gone. Who saves a place again has still replaced the same person's text."""
    if latest is None:
        return None
    if latest.author_id != actor.pk:
        return latest.author_id
    return row.replaced_id if row else None


def _forget(version: RubricVersion, places: Collection[Place], *, kept: Iterable[str]) -> None:
    """Criteria that are gone, and were not removed just now, have no authors any more."""
    removed = {place.uid for place in places if place.field == "criterion"}
    if removed:
        DraftField.objects.filter(version=version).exclude(uid__in={"", *kept, *removed}).delete()
